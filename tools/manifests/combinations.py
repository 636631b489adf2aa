"""Combinations of components that build and would not work.

Some are refused by kustomize itself, so also by `kubectl apply -k`: two Prometheus components,
canary without Prometheus, an external store twice. What needs more than one object to see is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .objects import RUNTIMES, Finding, Object, name_of, of_kind, pods

GPU = "nvidia.com/gpu"
QUEUE = "kueue.x-k8s.io/queue-name"


def _named(objects: list[Object], kind: str, name: str) -> Object | None:
    found = [o for o in of_kind(objects, kind) if o["metadata"]["name"] == name]
    return found[0] if found else None


def _args(item: Object | None) -> list[str]:
    if item is None:
        return []
    return list(item["spec"]["template"]["spec"]["containers"][0].get("args", []))


def production(objects: list[Object]) -> Iterator[Finding]:
    """Production has stores that somebody looks after, two triggers, and TLS."""
    (space,) = of_kind(objects, "Namespace") or [{"metadata": {}}]
    if space["metadata"].get("labels", {}).get("mdlc.dev/overlay") != "production":
        return
    for name in ("postgres", "object-store"):
        if _named(objects, "StatefulSet", name):
            why = "one replica is not for production: use the component external-"
            why += "postgres" if name == "postgres" else "s3"
            yield Finding("production", f"StatefulSet/{name}", why)
    trigger = _named(objects, "Deployment", "trigger")
    if trigger and trigger["spec"].get("replicas", 1) < 2:
        yield Finding("production", name_of(trigger), "production needs two replicas")
    if not any(a.startswith("--tls-cert") for a in _args(trigger)):
        why = "answers without TLS: use the component cert-manager"
        yield Finding("production", "Deployment/trigger", why)


def tls(objects: list[Object]) -> Iterator[Finding]:
    """Who calls the trigger calls it as it answers."""
    if not any(a.startswith("--tls-cert") for a in _args(_named(objects, "Deployment", "trigger"))):
        return
    why = "calls the trigger without TLS: put cert-manager after the Prometheus component"
    monitor = _named(objects, "ServiceMonitor", "trigger")
    if monitor and monitor["spec"]["endpoints"][0].get("scheme") != "https":
        yield Finding("tls", name_of(monitor), why)
    config = _named(objects, "AlertmanagerConfig", "trigger")
    if config and "http://trigger" in str(config["spec"]):
        yield Finding("tls", name_of(config), why)
    scrape = _named(objects, "ConfigMap", "prometheus-scrape")
    if scrape and "scheme: https" not in scrape["data"]["trigger.yml"]:
        yield Finding("tls", name_of(scrape), why)


def gpus(objects: list[Object]) -> Iterator[Finding]:
    """A GPU image asks for a GPU, who asks tolerates its nodes' taint, and the quota has some."""
    quotas = of_kind(objects, "ResourceQuota")
    free = any(q["spec"]["hard"].get(f"requests.{GPU}", "1") != "0" for q in quotas)
    for pod in pods(objects):
        for container in pod.all_containers:
            asked = GPU in container.get("resources", {}).get("limits", {})
            if "-gpu:" in container.get("image", "") and not asked:
                yield Finding("gpus", pod.where, f"a GPU image without a limit of {GPU}")
            if asked and quotas and not free:
                yield Finding("gpus", pod.where, f"asks for {GPU}, and the quota has none")
            if asked and not _tolerated(pod.spec):
                yield Finding("gpus", pod.where, f"asks for {GPU} and tolerates no such taint")


def _tolerated(spec: dict[str, Any]) -> bool:
    return any(item.get("key") == GPU for item in spec.get("tolerations", []))


def queues(objects: list[Object]) -> Iterator[Finding]:
    """A queue that is named is there; otherwise its pods would wait for ever."""
    there = {item["metadata"]["name"] for item in of_kind(objects, "LocalQueue")}
    for item in objects:
        labels = [item["metadata"].get("labels", {})]
        if item["kind"] in RUNTIMES:
            labels.append(item["spec"].get("labels", {}))
        for held in labels:
            if QUEUE in held and held[QUEUE] not in there:
                yield Finding("queues", name_of(item), f"no LocalQueue {held[QUEUE]}")


def canaries(objects: list[Object]) -> Iterator[Finding]:
    """A trigger that asks Prometheus can reach one."""
    asks = any(
        a.startswith("--prometheus") for a in _args(_named(objects, "Deployment", "trigger"))
    )
    if asks and not _named(objects, "NetworkPolicy", "canary"):
        why = "asks Prometheus and no network policy lets it: use the component canary"
        yield Finding("canaries", "Deployment/trigger", why)


RULES = (production, tls, gpus, queues, canaries)
