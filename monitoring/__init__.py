"""Watching a served model: signals from what it counted, alerts, rules, dashboards, the report.

    sample_store          scrapes of the predictor, kept as a small time series store
      -> signals            drift (`population_stability`), calibration, skill and money of a window
      -> alert_conditions   which signal breaks which bound, and which reason to retrain that gives
      -> alert_states       conditions that last become alerts
      -> watch              the four in one call
    rules, dashboards, render   the same for Prometheus, Grafana and Alertmanager, from the file
    version_history       which model served when; `history_entries` says what its lines mean
    report                a model's whole life on one page
    prometheus_api        a client of Prometheus

In production Prometheus computes the signals; tests hold its rules and this package to the same
numbers. See README.md.
"""
