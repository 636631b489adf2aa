"""Prometheus, Alertmanager and Grafana configuration of lifecycles, rendered from their files."""
