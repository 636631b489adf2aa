"""The objects that a lifecycle has on a cluster, as server-side apply takes them."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from mdlc.core.files import digest_json
from mdlc.core.spec import Lifecycle
from mdlc.life.controller.subject import Object, Subject
from mdlc.monitoring.render.build import render
from mdlc.monitoring.render.options import checked

MANAGER = "mdlc-controller"
FILES, TRIGGER = "lifecycles", "trigger"
"""The ConfigMap that the trigger mounts, and its Deployment (manifests/base/namespaced/trigger)."""
RESTART = "mdlc.dev/lifecycles"
"""Annotation of the trigger's pods: the names that it was started for."""
ALWAYS = {"ConfigMap"}
"""Kinds that every API server has."""


@dataclass(frozen=True)
class Rendering:
    """What rules, dashboards and messages are told of the cluster; as `mdlc render monitoring`."""

    trigger_url: str | None = None
    trigger_token_file: str | None = None
    grafana_folder: str | None = None
    grafana_url: str | None = None
    docs_url: str | None = None


def monitoring(lifecycle: Lifecycle, *, of: Subject, how: Rendering) -> list[Object]:
    """Return the rules, monitors, alert routing and dashboards, owned by the lifecycle.

    Raises:
        MdlcError: an option breaks a rule, or an object is larger than Kubernetes holds.
    """
    found = _rendered(lifecycle.model_dump_json(by_alias=True), namespace=of.namespace, how=how)
    return [owned(one, of=of) for one in found]


@functools.lru_cache(maxsize=256)
def _rendered(lifecycle: str, *, namespace: str, how: Rendering) -> tuple[Object, ...]:
    """Return the objects without an owner; made once for a file, since each look asks for them."""
    read = Lifecycle.model_validate_json(lifecycle)
    options = checked([read.name], target="operator", namespace=namespace, **vars(how))
    reader = YAML(typ="safe", pure=False)
    return tuple(
        reader.load(content.decode())
        for name, content in render([read], options=options).items()
        if name.startswith("operator/")
    )


def owned(body: Object, *, of: Subject) -> Object:
    """Return the object with the lifecycle as its owner."""
    metadata = {**body["metadata"], "namespace": of.namespace, "ownerReferences": [of.owner]}
    return {**body, "metadata": metadata}


def trigger_file(of: Subject, *, leaving: bool = False) -> Object:
    """Return this lifecycle's part of the ConfigMap that the trigger mounts.

    Each lifecycle applies its own part by a field manager of its own, so they share the object.
    `leaving`: without its part, so that it is taken out; the object stays, for pods mount it.
    """
    metadata: dict[str, Any] = {"name": FILES, "namespace": of.namespace}
    body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    if leaving:
        return body
    metadata["ownerReferences"] = [of.owner]
    return body | {"data": {f"{of.name}.yaml": of.file()}}


def file_manager(of: Subject) -> str:
    """Return the field manager of a lifecycle's part of the shared ConfigMap."""
    return f"{MANAGER}-{of.name}"


def trigger_restart(names: Collection[str], *, namespace: str) -> Object:
    """Return what makes the trigger start anew: it reads changed files itself, not new ones."""
    marked = {"metadata": {"annotations": {RESTART: digest_json(sorted(names))[:16]}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": TRIGGER, "namespace": namespace},
        "spec": {"template": marked},
    }


def known(objects: list[Object], *, kinds: Collection[str]) -> tuple[list[Object], list[str]]:
    """Return the objects that the API server has kinds for, and the kinds that it lacks."""
    there = [one for one in objects if one["kind"] in ALWAYS or one["kind"] in kinds]
    return there, sorted({one["kind"] for one in objects} - {one["kind"] for one in there})
