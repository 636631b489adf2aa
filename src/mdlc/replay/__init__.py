"""Replays later data in time order against the real model server, and counts the money earned.

    run_replay             the whole replay: serve, send rows, retrain, then compare policies
      -> fresh_workspace     a workspace of its own, so that the serving model is not touched
      -> row_stream          the rows to replay, as requests would bring them
      -> request_driver      each simulated hour: send its rows and the labels that became known
      -> retraining_loop     each simulated day: signals, alerts, the ledger, a retraining
      -> alternative_policies  the same rows if one never retrained, retrained monthly, used the
                             rule, or did nothing
      -> earned_money, weekly_summary   what each policy earned; weeks for the report

Time is simulated: it is the time of the rows. The watch in Python gives the same signals as the
rules in Prometheus (tests/unit/monitoring/rules/test_equals_python.py).
"""
