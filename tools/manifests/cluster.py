"""Rules for what stands around pods: namespace, network, access, quotas, budgets, references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .objects import RUNTIMES, Finding, Object, matches, name_of, of_kind, pods

POD_SECURITY = "pod-security.kubernetes.io/enforce"
FORBIDDEN_VERBS = {"*", "escalate", "bind", "impersonate", "deletecollection"}
SECRETS = {
    "object-store", "postgres-admin", "postgres-mdlc", "postgres-mlflow", "predictor", "trigger",
}  # fmt: skip
"""What manifests/secrets.sh makes; a test compares the two."""
MADE_LATER = {("Secret", "trigger-tls"), ("ConfigMap", "lifecycles")}
"""By cert-manager; by whoever deploys."""


def namespace(objects: list[Object]) -> Iterator[Finding]:
    """Pod Security restricted, a quota and defaults for containers."""
    for item in of_kind(objects, "Namespace"):
        if item["metadata"].get("labels", {}).get(POD_SECURITY) != "restricted":
            yield Finding("namespace", name_of(item), f"{POD_SECURITY} is not restricted")
        for kind in ("ResourceQuota", "LimitRange"):
            if not of_kind(objects, kind):
                yield Finding("namespace", name_of(item), f"has no {kind}")


def network(objects: list[Object]) -> Iterator[Finding]:
    """Nothing is open that no policy opens, and nothing is open to everybody."""
    policies = of_kind(objects, "NetworkPolicy")
    denied = [
        item["spec"]
        for item in policies
        if item["spec"].get("podSelector") == {}
        and set(item["spec"].get("policyTypes", [])) == {"Ingress", "Egress"}
        and not item["spec"].get("ingress")
        and not item["spec"].get("egress")
    ]
    if not denied:
        yield Finding("network", "NetworkPolicy", "no policy denies everything by default")
    for item in policies:
        for rule in item["spec"].get("ingress") or []:
            if not rule.get("from"):
                yield Finding("network", name_of(item), "lets everybody in")
            if not rule.get("ports"):
                yield Finding("network", name_of(item), "opens every port to its peers")
        for rule in item["spec"].get("egress") or []:
            if not rule.get("ports"):
                yield Finding("network", name_of(item), "lets out by every port")
    for pod in pods(objects):
        own = [p for p in policies if p["spec"].get("podSelector")]
        if not any(matches(p["spec"]["podSelector"], pod.labels) for p in own):
            yield Finding("network", pod.where, "no network policy is about its pods")
    for item in of_kind(objects, "Service"):
        if item["spec"].get("type", "ClusterIP") != "ClusterIP":
            why = f"is a {item['spec']['type']}: nothing is open to the outside by default"
            yield Finding("network", name_of(item), why)


def access(objects: list[Object]) -> Iterator[Finding]:
    """Roles name what they allow; nothing is allowed in the whole cluster."""
    for item in of_kind(objects, "ClusterRole", "ClusterRoleBinding"):
        yield Finding("access", name_of(item), "is of the whole cluster; a Role is enough")
    for item in of_kind(objects, "Role", "ClusterRole"):
        for rule in item.get("rules", []):
            yield from _too_much(name_of(item), rule)
    accounts = {item["metadata"]["name"] for item in of_kind(objects, "ServiceAccount")}
    roles = {item["metadata"]["name"] for item in of_kind(objects, "Role")}
    for item in of_kind(objects, "RoleBinding"):
        if item["roleRef"]["name"] not in roles:
            yield Finding("access", name_of(item), f"no Role {item['roleRef']['name']}")
        for subject in item.get("subjects", []):
            if subject["kind"] == "ServiceAccount" and subject["name"] not in accounts:
                yield Finding("access", name_of(item), f"no ServiceAccount {subject['name']}")


def _too_much(where: str, rule: dict[str, Any]) -> Iterator[Finding]:
    for verb in sorted(FORBIDDEN_VERBS & set(rule.get("verbs", []))):
        yield Finding("access", where, f"verb {verb}")
    for part in ("resources", "apiGroups"):
        if "*" in rule.get(part, []):
            yield Finding("access", where, f"{part} has a *")
    if "secrets" in rule.get("resources", []) and not rule.get("resourceNames"):
        yield Finding("access", where, "secrets without resourceNames")


def budgets(objects: list[Object]) -> Iterator[Finding]:
    """What has replicas has a disruption budget that lets nodes be drained, and is spread."""
    owned = of_kind(objects, "PodDisruptionBudget")
    for pod in pods(objects):
        about = [b for b in owned if matches(b["spec"]["selector"], pod.labels)]
        if pod.replicas > 1 and not about:
            yield Finding("budgets", pod.where, "has replicas and no PodDisruptionBudget")
        if pod.replicas > 1 and not pod.spec.get("topologySpreadConstraints"):
            yield Finding("budgets", pod.where, "has replicas and no topologySpreadConstraints")
        for budget in about:
            least = budget["spec"].get("minAvailable")
            if pod.kind not in RUNTIMES and isinstance(least, int) and least >= pod.replicas > 1:
                yield Finding("budgets", name_of(budget), "never lets a pod be moved")


def references(objects: list[Object]) -> Iterator[Finding]:
    """What pods name is there, or is one of the few things that are made apart."""
    known = {(item["kind"], item["metadata"]["name"]) for item in objects} | MADE_LATER
    known |= {("Secret", name) for name in SECRETS}
    for pod in pods(objects):
        if "serviceAccountName" in pod.spec:
            wanted = ("ServiceAccount", pod.spec["serviceAccountName"])
            if wanted not in known:
                yield Finding("references", pod.where, f"no ServiceAccount {wanted[1]}")
        for kind, name in sorted(set(_named(pod.spec))):
            if (kind, name) not in known:
                yield Finding("references", pod.where, f"no {kind} {name}")
    for item in of_kind(objects, "Service"):
        selector = {"matchLabels": item["spec"].get("selector", {})}
        if not any(matches(selector, pod.labels) for pod in pods(objects)):
            yield Finding("references", name_of(item), "selects no pods")


NAMED = {
    "configMapKeyRef": ("ConfigMap", "name"),
    "secretKeyRef": ("Secret", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "configMap": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
}


def _named(part: Any) -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for item in part:
            yield from _named(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in NAMED and isinstance(value, dict) and not value.get("optional"):
                kind, field = NAMED[key]
                yield kind, value.get(field) or value.get("name", "")
            yield from _named(value)


RULES = (namespace, network, access, budgets, references)
