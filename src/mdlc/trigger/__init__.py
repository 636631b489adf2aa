"""The trigger: a service that turns alerts, a schedule, labels and changed files into retrainings.

    endpoints            POST /v1/alerts, /v1/retrain ...: ask the ledger on behalf of a request
      -> webhook_payload   parses and checks the bodies of requests
    lifecycle_registry   the lifecycles that are watched, one `lifecycle_entry` each
    pending_reasons      reasons to retrain that do not come by request: schedule, labels, file
    run_follower         starts the runs that the ledger decided and follows each to its end
      -> backends          where a run is carried out: a process here, or Kubeflow Pipelines
    trigger_metrics      the metrics that Prometheus scrapes from the trigger
    trigger_server, start_trigger   assemble these parts for `mdlc trigger`

`mdlc.retraining` decides whether a retraining may start; the trigger asks it and does what it says.
Decisions and leases are in the ledger's database, so a restart of the trigger loses neither.
"""
