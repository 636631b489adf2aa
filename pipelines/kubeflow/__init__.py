"""Kubeflow Pipelines: the same stages as components, compiled, submitted and followed.

- `kfp_client.KfpClient` submits a lifecycle; `cluster_plan` says what a run would do.
- `compile_lifecycle` writes the IR: `cluster_pipeline` wires the components, `cluster_components`
  makes them of the stages' wrappers, `pod_config` gives their pods what spec.cluster says.
- `stage_process` is what a stage does inside its pod: `fetch_inputs`, `remote_results`.

What the components call in their pods is above: `mdlc.cluster.step_entry` and its programs.
"""
