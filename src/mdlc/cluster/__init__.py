"""A lifecycle on a cluster: runs on Kubeflow Pipelines, released state in an object store.

    submit_run       compile a file, upload its sources, start the run and follow it
    step_entry       called by a run's components in their pods; starts a process for each step:
      -> stage_step      one stage; for preparation, `export_feedback` writes labelled predictions
      -> release_step    release what evaluation let pass
      -> gate_step       wait until the run's canary is judged
    state_mirror     change pointer and history in an object store, checked against other writers
    cluster_status, stage_logs, cluster_checks   `mdlc status`, `logs` and `doctor` of a cluster

Compiling, and the client of Kubeflow Pipelines, are in `mdlc.pipelines.kubeflow`. `mdlc.kserve`
serves what is released.
"""
