"""Renders the configuration of Prometheus, Alertmanager and Grafana from lifecycle files.

    render_monitoring   all files of `mdlc render monitoring`; render_options: its options
      -> prometheus_config    prometheus.yaml
      -> alert_routing        who is notified of which alert; written for Alertmanager by
                              alertmanager_config, for its operator by operator_notifications
      -> message_templates    the texts of notifications
      -> operator_objects     objects for the Prometheus operator and Grafana's sidecar
      -> readme_text          a README beside the files
    yaml_text           writes YAML and JSON

Rules come from `mdlc.monitoring.rules`, dashboards from `mdlc.monitoring.dashboards`.
"""
