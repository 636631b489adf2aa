"""Dashboards as code: what a lifecycle records, on three pages for Grafana."""
