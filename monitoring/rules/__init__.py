"""Recording and alerting rules as code: what Prometheus computes of one lifecycle.

`build.rule_file` gives the rule file of a lifecycle, `names` what its series are called. One module
a subject: increments, windows, drift, quality, slo, and alerts_*. What they compute is defined by
`mdlc.monitoring.signals` and `conditions`; tests hold the two together.
"""
