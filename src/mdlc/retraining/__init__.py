"""When a retraining may start: a ledger of decisions, and the policy that decides.

    policy            rule_on: run, skip or defer, a pure function of what ran before
      -> quiet_hours    freezes and hours in which nothing may start
    ledger            every decision, at most one run at a time, and who follows it
      -> ledger_database  tables on SQLite or PostgreSQL; one transaction for each question
      -> ledger_rows      one model's rows inside such a transaction
      -> standing_alerts  what Alertmanager said last, until it is resolved

Example: two requests for the same model at once get one answer that says run, and one that defers.
The service that asks is `mdlc.trigger`; `mdlc retrain` and replays ask the same ledger.
"""
