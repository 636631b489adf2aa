"""A life on a cluster: runs on Kubeflow Pipelines, released state in an object store.

    submit_run       compile a file, bring its sources, start the run and follow it
    step_entry       what a component of a run calls in its pod; each step is a process of its own:
      -> stage_step      one stage; for preparation `export_feedback` reads labelled predictions
      -> release_step    release what evaluation let pass
      -> gate_step       wait for the judgement of its canary
    state_mirror     serving.json and history.jsonl in an object store, changed under a check
    cluster_status, stage_logs, cluster_checks   `mdlc status`, `logs` and `doctor` of a cluster

Compiling and the client of Kubeflow Pipelines are in `mdlc.pipelines.kubeflow`; what is released is
served by `mdlc.kserve`.
"""
