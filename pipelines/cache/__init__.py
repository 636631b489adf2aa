"""The cache of stage results, keyed by content.

    code_digests   the digest of the code that a stage's result depends on
      -> import_graph, plugin_digests   which modules of mdlc, and which plug-ins, that is
    result_store   question -> artifacts; used only if their digests are unchanged
    run_plan       for each stage of a run: its question, and whether the cache answers it

A `StageQuestion` is the key: the stage's name, code, parameters and the content of its inputs. The
same question is never computed twice. On a cluster, `mdlc.pipelines.kubeflow.remote_results` keeps
the same questions and answers in the object store.
"""
