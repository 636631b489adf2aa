"""Kubeflow Pipelines: the same stages as components, compiled, submitted and followed.

    cluster_pipeline     wires the components of one lifecycle; compile_lifecycle writes its IR
      -> cluster_components  makes them of the stages' wrappers, one or several stages to a pod
      -> pod_config          image, resources, nodes, secrets and retries of each pod
    cluster_arguments    a run's arguments; source_uploads where it finds its data
    kfp_client           pipelines, versions, experiments and runs of the API; recurring_runs
    cluster_plan         what a run would do; run_state how one stands
    failure_records      why a stage failed, kept for the step that ends the run
    stage_process        one stage inside its pod: fetch_inputs, ask remote_results, run it
    ui_artifacts         what KFP's UI shows of a stage

Other packages use `kfp_client.KfpClient` and `compile_lifecycle`. What the components call in their
pods is above: `mdlc.cluster.step_entry` and its programs.
"""
