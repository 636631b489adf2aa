"""The objects that a lifecycle has on a cluster, as server-side apply takes them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from ruamel.yaml import YAML

from mdlc.controller.lifecycle_object import LifecycleObject, Object
from mdlc.core.errors import UsageError, closest
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render.render_monitoring import render
from mdlc.monitoring.render.render_options import check_options

MANAGER = "mdlc-controller"
FILES = "lifecycles"
"""The ConfigMap that the trigger mounts (manifests/base/namespaced/trigger)."""
RULES = "prometheus-rules"
"""The ConfigMap that a Prometheus without operator mounts (manifests/components/prometheus)."""
ALWAYS = {"ConfigMap"}
"""Kinds that every API server has."""


Target = Literal["operator", "plain"]


@dataclass(frozen=True)
class Rendering:
    """What rules, dashboards and messages are told of the cluster; as `mdlc render monitoring`."""

    trigger_url: str | None = None
    trigger_token_file: str | None = None
    grafana_folder: str | None = None
    grafana_url: str | None = None
    docs_url: str | None = None
    target: Target = "operator"
    """plain: rules go into a ConfigMap that Prometheus mounts; it knows itself what to scrape."""


def known_target(name: str) -> Target:
    """Return the target of this name.

    Raises:
        UsageError: there is no such target.
    """
    known = get_args(Target)
    if name not in known:
        raise UsageError(
            f"{name!r} is none of {', '.join(known)}",
            where="option --target",
            hint=closest(name, known),
        )
    return cast("Target", name)


def monitoring(lifecycle: Lifecycle, *, of: LifecycleObject, how: Rendering) -> list[Object]:
    """Return the rules, monitors, alert routing and dashboards, owned by the lifecycle.

    With target plain these are the dashboards; the rules are a `rules_file`.

    Raises:
        MdlcError: an option breaks a rule, or an object is larger than Kubernetes holds.
    """
    found = _objects(_key(lifecycle), namespace=of.namespace, how=how)
    plain = how.target == "plain"
    return [owned(one, of=of) for one in found if one["kind"] in ALWAYS or not plain]


@functools.lru_cache(maxsize=256)
def _objects(lifecycle: str, *, namespace: str, how: Rendering) -> tuple[Object, ...]:
    """Return the objects without an owner; read once for a file, since each look asks for them."""
    reader = YAML(typ="safe", pure=False)
    return tuple(
        reader.load(content)
        for name, content in _rendered(lifecycle, namespace=namespace, how=how).items()
        if name.startswith("operator/")
    )


@functools.lru_cache(maxsize=256)
def _rendered(lifecycle: str, *, namespace: str, how: Rendering) -> dict[str, str]:
    """Return path -> content; made once for a file, since each look asks for it."""
    read = Lifecycle.model_validate_json(lifecycle)
    given = vars(how) | {"target": "all" if how.target == "plain" else "operator"}
    options = check_options([read.name], namespace=namespace, **given)
    return {name: text.decode() for name, text in render([read], options=options).items()}


def _key(lifecycle: Lifecycle) -> str:
    return lifecycle.model_dump_json(by_alias=True)


def owned(body: Object, *, of: LifecycleObject) -> Object:
    """Return the object with the lifecycle as its owner."""
    metadata = {**body["metadata"], "namespace": of.namespace, "ownerReferences": [of.owner]}
    return {**body, "metadata": metadata}


def part(of: LifecycleObject, *, name: str, files: Mapping[str, str]) -> Object:
    """Return a lifecycle's part of a ConfigMap that all share and that pods mount.

    Each lifecycle applies its own part by a field manager of its own. Without files its part is
    taken out; the object stays.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": of.namespace}
    body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    if not files:
        return body
    metadata["ownerReferences"] = [of.owner]
    return body | {"data": dict(files)}


def trigger_file(of: LifecycleObject) -> Object:
    """Return what the trigger gets to read."""
    return part(of, name=FILES, files={f"{of.name}.yaml": of.file()})


def rules_file(lifecycle: Lifecycle, *, of: LifecycleObject, how: Rendering) -> Object:
    """Return what a Prometheus without operator gets to evaluate.

    Raises:
        MdlcError: as `monitoring`.
    """
    file = f"{of.name}.rules.yaml"
    text = _rendered(_key(lifecycle), namespace=of.namespace, how=how)[f"plain/rules/{file}"]
    return part(of, name=RULES, files={file: text})


def file_manager(of: LifecycleObject) -> str:
    """Return the field manager of a lifecycle's part of a shared ConfigMap."""
    return f"{MANAGER}-{of.name}"


def known(objects: list[Object], *, kinds: Collection[str]) -> tuple[list[Object], list[str]]:
    """Return the objects that the API server has kinds for, and the kinds that it lacks."""
    there = [one for one in objects if one["kind"] in ALWAYS or one["kind"] in kinds]
    return there, sorted({one["kind"] for one in objects} - {one["kind"] for one in there})
