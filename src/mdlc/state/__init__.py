"""What a life leaves behind, and where it lies: workspace, object store, run-time documents.

    workspace             the folders and files of one lifecycle under .mdlc
    release_documents     serving.json (which version serves, with its canary) and history.jsonl
    watch_documents       signals, alerts, and the ledger's verdicts
    replay_documents      life.json: what a replay lived through
    rehearsal_documents   rehearsal.json: what a rehearsal saw
    remote_files          files and folders by location, on disk or in an object store
      -> object_storage     the client of S3
    unix_time             moments as numbers

What stages hand to each other is in `mdlc.core.documents` instead: no stage imports this package,
so a change here leaves the results of all stages cached.
"""
