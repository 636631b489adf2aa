"""Recording and alerting rules as code: what Prometheus computes of one lifecycle.

`rule_file` gives the rule file of a lifecycle, `series_names` what its series are called. There is
one module a subject: increment_rules, window_rules, drift_rules, quality_rules, slo_rules, and
alerts_*. What they compute is defined by `mdlc.monitoring.signals` and `alert_conditions`; tests
hold the two together.
"""
