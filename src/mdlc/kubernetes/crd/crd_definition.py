"""The CustomResourceDefinition of lifecycles, as `mdlc render crd` writes it."""

from __future__ import annotations

from typing import Any

from mdlc.core.spec.lifecycle import API_VERSION, Lifecycle
from mdlc.kubernetes.crd.cel_rules import LIMITS, RULES
from mdlc.kubernetes.crd.lifecycle_status import LifecycleStatus
from mdlc.kubernetes.crd.structural_schema import Converter, Schema

GROUP, VERSION = API_VERSION.split("/")
PLURAL = "lifecycles"
NAME = f"{PLURAL}.{GROUP}"
CONDITION = '.status.conditions[?(@.type=="{}")].status'
COLUMNS = (
    ("Version", "string", ".status.serving.version", "The version that serves."),
    ("Serving", "string", CONDITION.format("Serving"), "Whether predictors answer with it."),
    ("Run", "string", ".status.run", "The newest run."),
    ("Money", "string", ".status.serving.money", "Promised money per decision."),
    ("Age", "date", ".metadata.creationTimestamp", ""),
)


def definition() -> dict[str, Any]:
    """Return the whole object."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "plural": PLURAL,
                "singular": "lifecycle",
                "kind": "Lifecycle",
                "listKind": "LifecycleList",
                "shortNames": ["lc"],
                "categories": ["mdlc"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(*column) for column in COLUMNS],
                    "schema": {"openAPIV3Schema": schema()},
                }
            ],
        },
    }


def schema() -> Schema:
    """Return the schema of a lifecycle object."""
    converter = Converter(Lifecycle, rules=RULES, limits=LIMITS)
    made = converter.convert()
    lost = (RULES.keys() | LIMITS.keys()) - converter.used
    if lost:
        raise AssertionError(f"rules and limits of models that are not there: {sorted(lost)}")
    name = made["properties"]["metadata"]["properties"]["name"]
    # Of metadata, Kubernetes lets a definition restrict the name only.
    made["properties"]["metadata"] = {"type": "object", "properties": {"name": name}}
    name.pop("description", None)
    made["properties"]["apiVersion"] = {"type": "string"}
    made["properties"]["kind"] = {"type": "string"}
    made["required"] = ["metadata", "spec"]
    made["properties"]["status"] = _status()
    return made


def _status() -> Schema:
    made = Converter(LifecycleStatus, rules={}, limits={}).convert()
    for key, by in (("conditions", "type"), ("runs", "id")):
        made["properties"][key] |= {
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": [by],
        }
    return made


def _column(name: str, kind: str, path: str, description: str) -> dict[str, Any]:
    made = {"name": name, "type": kind, "jsonPath": path}
    return made | ({"description": description} if description else {})
