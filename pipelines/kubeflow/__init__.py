"""The pipeline on Kubeflow Pipelines: compiled, submitted, and executed in pods.

    cluster_pipeline     wires the components of one lifecycle; compile_lifecycle writes its IR
      -> cluster_components  makes components from the stages' wrappers, one or more stages a pod
      -> pod_config          image, resources, nodes, secrets and retries of each pod
    cluster_arguments    a run's arguments; source_uploads: where a run finds its data
    kfp_client           pipelines, versions, experiments and runs of the API; recurring_runs
    cluster_plan         what a run would do; run_state: the state of a run
    failure_records      why a stage failed, kept for the step that ends the run
    stage_process        one stage inside its pod: fetch_inputs, ask remote_results, run it
    ui_artifacts         what KFP's UI shows of a stage

Other packages use `kfp_client.KfpClient` and `compile_lifecycle`. In their pods the components call
`mdlc.cluster.step_entry`, which is in a higher layer and is passed down by name (`entry`).
"""
