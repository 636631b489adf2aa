"""Kubeflow Pipelines: the same stages as components, compiled, submitted and followed.

    cluster_pipeline     wires the components of one lifecycle; compile_lifecycle writes its IR
      -> stage_components, fused_components, candidate_components, closing_components
      -> pod_config        image, resources, nodes, secrets and retries of each pod
    cluster_arguments    a run's arguments; source_uploads where it finds its data
    kfp_client           pipelines, versions, experiments and runs of the API; recurring_runs
    run_state            how a run stands; failure_records why a stage failed
    step_entry           what a component calls inside its pod
      -> stage_process     one stage in a process: fetch_inputs, ask remote_results, run it
    ui_artifacts         what KFP's UI shows of a stage

Other packages use `kfp_client.KfpClient` and `compile_lifecycle`; the rest runs inside pods.
"""
