"""A life on a cluster: runs on Kubeflow Pipelines, released state in an object store.

    submit_run       compile a file, bring its sources, start the run and follow it
    release_step     the last steps of a run, each a program in a pod of its own:
    gate_step          release what was promoted; wait for the judgement of its canary;
    export_step        read labelled predictions for a retraining
    state_mirror     serving.json and history.jsonl in an object store, changed under a check
    cluster_status, stage_logs, cluster_checks   `mdlc status`, `logs` and `doctor` of a cluster

Compiling and the client of Kubeflow Pipelines are in `mdlc.pipelines.kubeflow`; what is released is
served by `mdlc.kserve`.
"""
