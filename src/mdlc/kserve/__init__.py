"""A release on KServe: put where predictors read it, applied, followed, taken back.

    deploy_release         `mdlc deploy`: the pointer's models become what the cluster serves
      -> release_source      the models: from a workspace or from the artifacts in an object store
      -> release_folder      the folder that a predictor serves; its name never changes
      -> release_storage     copies it to S3 or, by `volume_upload`, into a volume claim
      -> inference_service   the InferenceService that names it; `autoscaling` its number of pods
      -> gateway_canary      KServe's own canary, where the gateway is seen to weight its route
      -> follow_rollout      waits until all predictors serve it
         -> diagnose_rollout   why they do not, in words

The folder is complete before anything names it, and naming it is one server-side apply. A process
that is killed leaves the old release serving, or the new one.
"""
