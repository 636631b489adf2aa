"""Dashboards as code: three Grafana pages of each lifecycle.

build_dashboards   the pages of a lifecycle as Grafana's JSON
  -> life_page       what serves, quality, money; with input_panels and quality_panels
  -> serving_page    requests, rows, replicas, the canary; with row_panels
  -> pipeline_page   the trigger's decisions and the retrainings
panel              what pages are made of: panels, queries, bounds, without Grafana's SDK
grafana_json, panel_shapes   turn them into Grafana's JSON by its SDK
"""
