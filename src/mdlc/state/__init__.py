"""The state of a lifecycle and where it is stored: workspace, object store, run-time documents.

    workspace             the folders and files of one lifecycle under .mdlc
    release_documents     serving.json (which version serves, with its canary) and history.jsonl
    watch_documents       signals, alerts, and the ledger's verdicts
    replay_documents      life.json: the record of a replay
    rehearsal_documents   rehearsal.json: the record of a rehearsal
    remote_files          files and folders by location, on disk or in an object store
      -> object_storage     the client of S3
    unix_time             times as seconds since 1970

Documents that stages exchange are in `mdlc.core.documents`. No stage imports this package, so a
change here leaves the results of all stages cached.
"""
