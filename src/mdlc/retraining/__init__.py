"""When a retraining may start: a ledger of decisions, and the policy that decides.

    policy            rule_on: run, skip or defer, a pure function of what ran before
      -> quiet_hours    freezes and hours in which nothing may start
    ledger            every decision, at most one run at a time, and which process follows it
      -> ledger_database  tables on SQLite or PostgreSQL; one transaction for each question
      -> ledger_rows      one model's rows inside such a transaction
      -> standing_alerts  alerts that Alertmanager reported and has not resolved

Example: of two simultaneous requests for the same model, one gets the answer "run", the other
"defer". The trigger (`mdlc.trigger`), `mdlc retrain` and replays all ask this ledger.
"""
