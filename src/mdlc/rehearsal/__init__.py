"""A fire drill: the whole loop with real Prometheus, Alertmanager and trigger, time compressed."""
