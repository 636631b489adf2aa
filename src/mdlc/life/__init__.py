"""The work of the verbs on one machine: train, release, serve, predict, retrain, report.

    train                 a run of the pipeline; its winner is released if it pays
    releases              what serves: release, canary, promotion, rollback; `release_record` adds
                          the line of history that tells of it
    withdrawals           a champion that loses scores on and does not decide, until it earns
    retraining_request    ask the ledger for a retraining; if it says run, run it
      -> retraining_attempt  one attempt, which may be killed and made again
    predictions           answers for rows in a file, by the released model or by a server
      -> feature_rows, answer_tables   from columns to features; answers as a file
    data_remarks          what the stages say about the data
    prediction_trace      everything about one prediction; `lineage` the runs and data behind it
    serve_here, server_process   the model server, in this process or in one of its own
    gather_report, local_status, check_data, starter_file   report, status, validate, init

pipelines, serving, monitoring and retraining do not import each other. This package uses all four
(docs/decisions/0019-one-home-for-each-thing.md).
"""
