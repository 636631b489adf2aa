"""Recording and alerting rules as code: what Prometheus computes for one lifecycle.

    rule_file         the whole rule file of a lifecycle
    series_names      the names of the recorded series
    promql            small functions that return PromQL, and Scope, which all rules are built from
    increment_rules   what each counter rose by since the last evaluation
      -> window_rules   sums of increments over the windows
      -> drift_rules, quality_rules, slo_rules   signals of the windows
      -> alerts_*       alerts on these signals, on the service, and on the loop

`mdlc.monitoring.signals` and `alert_conditions` define what the rules compute; tests check that
both give the same.
"""
