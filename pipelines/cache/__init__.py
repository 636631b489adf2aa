"""Results of stages by content: what was asked, by which code, from which bytes.

    code_digests   the digest of the code that a stage's result depends on
    result_store   question -> artifacts and their digests; used only if all are still right
    run_plan       for each stage of a run: its question, and whether the cache answers it

A stage's question is its name, its code, its parameters and the content of its inputs. The same
question is never computed twice, here or (`mdlc.pipelines.kubeflow.remote_results`) on a cluster.
"""
