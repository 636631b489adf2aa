"""How many predictors: a fixed number, an HPA's choice, or KEDA's by Prometheus."""

from __future__ import annotations

from typing import Any

from mdlc.core.spec.deploy import KServe

CLASS = "serving.kserve.io/autoscalerClass"
RATE_WINDOW = "2m"


def scaling(settings: KServe, *, name: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return annotations of the InferenceService and fields of its predictor.

    Where the number is fixed there is no autoscaler: an HPA without metrics only complains.
    """
    least, most = settings.min_replicas, settings.max_replicas or settings.min_replicas
    fields: dict[str, Any] = {"minReplicas": least, "maxReplicas": most}
    if least == most:
        return {CLASS: "none"}, fields
    auto = settings.autoscaling
    if auto.metric == "predictions":
        return {CLASS: "keda"}, fields | {"autoScaling": {"metrics": [_counted(settings, name)]}}
    resource = {
        "name": auto.metric,
        "target": {"type": "Utilization", "averageUtilization": auto.target},
    }
    metrics = [{"type": "Resource", "resource": resource}]
    return {CLASS: "hpa"}, fields | {"autoScaling": {"metrics": metrics}}


def _counted(settings: KServe, name: str) -> dict[str, Any]:
    """Return KEDA's trigger: rows a second of all predictors; KEDA divides by their number."""
    auto = settings.autoscaling
    query = f'sum(rate(mdlc_predictions_total{{model="{name}"}}[{RATE_WINDOW}]))'
    metric = {"backend": "prometheus", "serverAddress": auto.prometheus, "query": query}
    return {
        "type": "External",
        "external": {"metric": metric, "target": {"type": "Value", "value": str(auto.target)}},
    }
