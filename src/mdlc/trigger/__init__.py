"""The trigger: a service that turns alerts, a schedule, labels and changed files into retrainings.

    endpoints            POST /alerts, /retrain ...: requests become questions to the ledger
      -> webhook_payload   what of a request's body is used, checked
    lifecycle_registry   the lifecycles it looks after, a `lifecycle_entry` each
    pending_reasons      what asks for a retraining beside requests
    run_follower         starts what the ledger decided and follows it to its end
      -> backends          where a run is carried out: a process here, or Kubeflow Pipelines
    trigger_metrics      what Prometheus reads of it
    trigger_server, start_trigger   put them together for `mdlc trigger`

Whether a retraining may start is decided by `mdlc.retraining`; the trigger asks and obeys. It keeps
nothing in memory that a restart would miss: decisions and leases are in the ledger's database.
"""
