"""The controller: a Lifecycle object on a cluster becomes runs, a predictor, rules, dashboards.

Only `handlers` and `start` know kopf. What is to be done is decided by functions of what was
seen (`decide`, `desired`, `conditions`); `world` sees and does.
"""
