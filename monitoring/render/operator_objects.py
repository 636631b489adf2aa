"""Objects of one lifecycle for the Prometheus operator and Grafana's sidecar, one in each file."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mdlc.core.errors import MdlcError
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render import alert_routing, operator_notifications
from mdlc.monitoring.render.prometheus_config import (
    LONGEST_TIMEOUT,
    PREDICTOR_JOB,
    TRIGGER_JOB,
    TRIGGER_SCRAPE,
)
from mdlc.monitoring.render.render_options import RenderOptions, dns_name
from mdlc.monitoring.render.yaml_text import duration, to_json, to_yaml

MONITORING = "monitoring.coreos.com"
CONFIG_MAP_BYTES = 1024 * 1024
RULES_BYTES = 512 * 1024
"""Most bytes of rules: the operator stores them in ConfigMaps (1 MiB) and fills half of one."""
PORT_LABEL = "__meta_kubernetes_pod_container_port_number"
TRIGGER_PORT = 8090


def objects(
    lifecycle: Lifecycle,
    *,
    rules: Mapping[str, Any],
    dashboards: Mapping[str, Mapping[str, Any]],
    options: RenderOptions,
) -> dict[str, dict[str, Any]]:
    """Return file name -> object."""
    name, place = lifecycle.name, namespace(lifecycle, options=options)
    found = [_rules(lifecycle, rules=rules, place=place), _predictor(lifecycle, place=place)]
    if options.trigger_url is not None or alert_routing.people(lifecycle):
        meta = _metadata(dns_name(name, "alerts"), place=place, instance=name)
        found.append(operator_notifications.config(lifecycle, metadata=meta, options=options))
    found += [
        _dashboard(lifecycle, title=title, content=content, place=place, options=options)
        for title, content in sorted(dashboards.items())
    ]
    return {file_name(one): one for one in found}


def file_name(one: Mapping[str, Any]) -> str:
    """Return the name of an object's file."""
    return f"{one['metadata']['name']}.{one['kind'].lower()}.yaml"


def namespace(lifecycle: Lifecycle, *, options: RenderOptions) -> str:
    """Return the namespace that a lifecycle's objects go to."""
    return options.namespace or lifecycle.metadata.namespace or "default"


def _metadata(name: str, *, place: str, instance: str, **labels: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": place,
        "labels": {
            "app.kubernetes.io/name": "mdlc",
            "app.kubernetes.io/instance": instance,
            "app.kubernetes.io/component": "monitoring",
            "app.kubernetes.io/part-of": "mdlc",
            "app.kubernetes.io/managed-by": "mdlc",
            **labels,
        },
    }


def _rules(lifecycle: Lifecycle, *, rules: Mapping[str, Any], place: str) -> dict[str, Any]:
    groups = copy.deepcopy(rules["groups"])
    for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
        # The operator matches alerts to an AlertmanagerConfig by their label namespace, which sums
        # over replicas lack.
        rule["labels"] = {**rule.get("labels", {}), "namespace": place}
    made = {
        "apiVersion": f"{MONITORING}/v1",
        "kind": "PrometheusRule",
        "metadata": _metadata(
            dns_name(lifecycle.name, "rules"), place=place, instance=lifecycle.name
        ),
        "spec": {"groups": groups},
    }
    _fits(to_yaml({"groups": groups}), RULES_BYTES, what=f"the rules of {lifecycle.name}")
    return made


def _predictor(lifecycle: Lifecycle, *, place: str) -> dict[str, Any]:
    scrape = lifecycle.spec.monitor.scrape
    endpoint = {
        "path": "/metrics",
        "interval": duration(scrape, where="spec.monitor.scrape"),
        "scrapeTimeout": duration(min(scrape, LONGEST_TIMEOUT)),
        # Keep the predictor's own label `model`; that of the target is only for `up`.
        "honorLabels": True,
        "relabelings": [
            _keep_port(lifecycle.spec.deploy.serving.port),
            {"targetLabel": "job", "replacement": PREDICTOR_JOB},
            {"targetLabel": "model", "replacement": lifecycle.name},
        ],
    }
    labels = {"serving.kserve.io/inferenceservice": lifecycle.name, "component": "predictor"}
    name = dns_name(lifecycle.name, "predictor")
    return _pod_monitor(_metadata(name, place=place, instance=lifecycle.name), labels, endpoint)


def trigger(*, place: str) -> dict[str, Any]:
    """Return the monitor of the trigger; one trigger serves all lifecycles."""
    endpoint = {
        "path": "/metrics",
        "interval": duration(TRIGGER_SCRAPE),
        "scrapeTimeout": duration(LONGEST_TIMEOUT),
        "honorLabels": True,
        "relabelings": [
            _keep_port(TRIGGER_PORT),
            {"targetLabel": "job", "replacement": TRIGGER_JOB},
        ],
    }
    labels = {"app.kubernetes.io/name": "trigger", "app.kubernetes.io/part-of": "mdlc"}
    meta = _metadata("mdlc-trigger", place=place, instance="mdlc-trigger")
    return _pod_monitor(meta, labels, endpoint)


def _pod_monitor(
    metadata: dict[str, Any], labels: dict[str, str], endpoint: dict[str, Any]
) -> dict[str, Any]:
    return {
        "apiVersion": f"{MONITORING}/v1",
        "kind": "PodMonitor",
        "metadata": metadata,
        "spec": {"selector": {"matchLabels": labels}, "podMetricsEndpoints": [endpoint]},
    }


def _keep_port(port: int) -> dict[str, Any]:
    """Return the relabeling that keeps one container port; it works in all operator versions."""
    return {"sourceLabels": [PORT_LABEL], "regex": str(port), "action": "keep"}


def _dashboard(
    lifecycle: Lifecycle,
    *,
    title: str,
    content: Mapping[str, Any],
    place: str,
    options: RenderOptions,
) -> dict[str, Any]:
    text = to_json(content, compact=True)
    _fits(text.encode(), CONFIG_MAP_BYTES, what=f"the dashboard {title} of {lifecycle.name}")
    parts = (title,) if title.startswith(lifecycle.name) else (lifecycle.name, title)
    meta = _metadata(
        dns_name(*parts, "dashboard"), place=place, instance=lifecycle.name, grafana_dashboard="1"
    )
    if options.grafana_folder is not None:
        meta["annotations"] = {"grafana_folder": options.grafana_folder}
    key = f"{dns_name(*parts)}.json"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {key: text}}


def _fits(content: bytes, most: int, *, what: str) -> None:
    if len(content) >= most:
        raise MdlcError(
            f"{what}: {len(content)} bytes; Kubernetes holds fewer than {most}",
            hint="fewer features, or drift.ignore for those that need not be watched; "
            "--target plain has no such bound",
        )
