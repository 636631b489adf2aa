"""The work of the verbs on one machine: train, release, serve, predict, retrain, report.

    train                 run the pipeline and release the winner if it pays
    releases              which version serves: release, canary, promotion, rollback;
                          `release_record` writes the history of these
    retraining_request    ask the ledger for a retraining, and carry it out if it says run
      -> retraining_attempt  one attempt, which may be killed and repeated
    predictions           predictions for rows in a file, by the released model or by a server
    prediction_trace      everything about one prediction; `lineage`: the runs and data behind it
    serve_here, server_process   the model server, in this process or in one of its own
    gather_report, local_status, check_data, starter_file   report, status, validate, init

pipelines, serving, monitoring and retraining do not import each other. This package uses all four
(docs/decisions/0019-one-home-for-each-thing.md).
"""
