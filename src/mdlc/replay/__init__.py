"""Living through later data in time order against the real server, and counting the money.

    run_replay             the whole: serve, live, retrain, then compare
      -> fresh_workspace     a workspace of its own, so that what really serves is not touched
      -> row_stream          the rows to live through, as requests would bring them
      -> request_driver      each simulated hour sends its rows and the labels that became known
      -> retraining_loop     each simulated day: signals, alerts, the ledger, a retraining
      -> alternative_policies  the same rows by never retraining, monthly, the rule, nothing
      -> earned_money, weekly_summary   what each of them earned; weeks for the report

The clock is that of the data. The watch in Python gives the same signals as Prometheus' rules do
(tests/unit/monitoring/rules/test_equals_python.py).
"""
