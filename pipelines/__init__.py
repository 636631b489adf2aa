"""Wires the stages into a pipeline, and runs it on this machine or on Kubeflow Pipelines.

    stage_interfaces    what each stage's kfp wrapper declares: parameters, inputs, output
    stage_arguments     the pipeline's parameters, and their values for a run
    training_pipeline   the stages wired by the names of their artifacts
    cache               results of stages by content
    local, kubeflow     run the compiled pipeline here, or in a cluster

What a stage computes is in `mdlc.components`; nothing here computes anything.
"""
