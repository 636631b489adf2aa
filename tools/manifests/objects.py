"""Kubernetes objects as plain dicts: where pods are in them, and what a finding looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
RUNTIMES = {"ClusterServingRuntime", "ServingRuntime"}
CLUSTER_SCOPED = {
    *("Namespace", "ClusterServingRuntime", "ClusterStorageContainer", "ClusterRole"),
    *("ClusterRoleBinding", "CustomResourceDefinition"),
}


@dataclass(frozen=True)
class Finding:
    """What is wrong with one object."""

    rule: str
    where: str
    why: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.where}: {self.why} [{self.rule}]"


@dataclass(frozen=True)
class Pod:
    """The pods that an object makes."""

    where: str
    kind: str
    replicas: int
    labels: dict[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """Containers that run on."""
        return list(self.spec.get("containers", []))

    @property
    def all_containers(self) -> list[Object]:
        """Those that run on, and those that run before."""
        return [*self.spec.get("initContainers", []), *self.containers]


def name_of(item: Object) -> str:
    """Return kind/name."""
    return f"{item.get('kind')}/{item.get('metadata', {}).get('name')}"


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    """Return the objects of some kinds."""
    return [item for item in objects if item.get("kind") in kinds]


def pods(objects: list[Object]) -> Iterator[Pod]:
    """Yield the pods of workloads and of KServe's runtimes."""
    for item in of_kind(objects, *WORKLOADS):
        spec = item.get("spec", {})
        template = spec.get("template", {})
        labels = template.get("metadata", {}).get("labels", {})
        replicas = spec.get("replicas", 1)
        yield Pod(name_of(item), item["kind"], replicas, labels, template.get("spec", {}))
    for item in of_kind(objects, *RUNTIMES):
        spec = item.get("spec", {})
        yield Pod(name_of(item), item["kind"], 1, spec.get("labels", {}), spec)


def run(objects: list[Object]) -> Iterator[Pod]:
    """Yield all pods, and the containers that KServe puts into pods, each as if alone in one."""
    yield from pods(objects)
    for item in of_kind(objects, "ClusterStorageContainer"):
        spec = {"initContainers": [item["spec"]["container"]]}
        yield Pod(name_of(item), item["kind"], 1, {}, spec)


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Say whether a label selector selects these labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions", []):
        held, values = labels.get(term["key"]), term.get("values", [])
        holds = {
            "In": held in values,
            "NotIn": held not in values,
            "Exists": held is not None,
            "DoesNotExist": held is None,
        }[term["operator"]]
        if not holds:
            return False
    return True
