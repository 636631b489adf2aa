"""Monitors a served model: signals from its counters, alerts, rules, dashboards, the report.

    sample_store          stores scrapes of the predictor: a small time series store
      -> signals            drift (`population_stability`), calibration, skill, money of a window
      -> alert_conditions   which signal breaks which bound, and which reason to retrain that gives
      -> alert_states       a condition that lasts becomes an alert
      -> watch              these four in one call
    rules, dashboards, render   the same for Prometheus, Grafana and Alertmanager, from the file
    version_history       which model served when; `history_entries` interprets its lines
    report                a page about the model's whole life
    prometheus_api        a client of Prometheus

In production Prometheus computes the signals by the rules; replays compute them with `watch`. Tests
check that both give the same numbers. See README.md.
"""
