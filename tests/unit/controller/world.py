"""A world for the controller that is only told what there is, and remembers what was done."""

# ruff: noqa: ARG002 - what a door is told is not always of interest

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mdlc.controller.clients import ClientSettings, RolloutState
from mdlc.controller.lifecycle_object import LifecycleObject, lifecycle_object
from mdlc.controller.reconciler import as_written, reconcile
from mdlc.core.errors import MdlcError
from mdlc.kubernetes.crd.lifecycle_status import LifecycleStatus, PlanStatus, RunStatus
from mdlc.life.spec_digest import spec_digest
from mdlc.pipelines.kubeflow.run_state import RunState
from mdlc.state.release_documents import Pointer
from tests import tiny

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
KINDS = {"PrometheusRule", "PodMonitor", "AlertmanagerConfig", "InferenceService"}
SERVES = RolloutState(True, False, "1 of 1 predictors serve", "http://tiny")
Object = dict[str, Any]


def document(folder: Path, *edits: tuple[str, str]) -> Object:
    section = ("  retrain:\n", "  cluster: {artifacts: s3://models/mdlc}\n  retrain:\n")
    path = tiny.write_file(folder, section, *edits)
    found: Object = YAML(typ="safe", pure=True).load(path.read_text())
    found["spec"]["model"]["split"]["until"] = "2026-01-31"
    return found


def pointer(version: str = "1", *, promised: float | None = 0.25) -> Pointer:
    return Pointer(
        name="tiny",
        version=version,
        bundle=f"models/{version}",
        digest=version * 64,
        since=START,
        promised=promised,
    )


@dataclass
class FakeCluster:
    """Objects by kind and name; applied by whom."""

    has: set[str] = field(default_factory=lambda: set(KINDS))
    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    managers: list[str] = field(default_factory=list)
    events: list[tuple[str, str, bool]] = field(default_factory=list)
    statuses: list[Object] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: ["tiny"])
    away: MdlcError | None = None

    def kinds(self) -> set[str]:
        if self.away:
            raise self.away
        return self.has

    def get(self, body: Object) -> Object | None:
        return self.objects.get((body["kind"], body["metadata"]["name"]))

    def apply(self, body: Object, *, manager: str = "mdlc-controller") -> Object:
        self.managers.append(manager)
        self.objects[body["kind"], body["metadata"]["name"]] = body
        return body

    def delete(self, kind: str, name: str, *, of: LifecycleObject) -> bool:
        there = self.objects.get((kind, name))
        owners = (there or {}).get("metadata", {}).get("ownerReferences", [])
        if there is None or [owner["uid"] for owner in owners] != [of.uid]:
            return False
        del self.objects[kind, name]
        return True

    def lifecycles(self) -> list[Object]:
        return [{"metadata": {"name": name}} for name in self.names]

    def put_status(self, of: LifecycleObject, status: Object) -> None:
        self.statuses.append(status)

    def event(self, of: LifecycleObject, *, reason: str, message: str, warning: bool) -> None:
        self.events.append((reason, message, warning))


@dataclass
class FakeWorld:
    """What the controller would see; `errors` has what a door says instead."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    settings: ClientSettings = field(default_factory=ClientSettings)
    released: Pointer | None = None
    states: dict[str, RunState] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    deployed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    state: RolloutState = SERVES
    errors: dict[str, MdlcError] = field(default_factory=dict)
    time: datetime = START

    def _ask(self, what: str) -> None:
        if what in self.errors:
            raise self.errors[what]

    def now(self) -> datetime:
        return self.time

    def submit(self, one: LifecycleObject, lifecycle: Any, *, name: str) -> RunStatus:
        self._ask("submit")
        self.submitted.append(name)
        digest = spec_digest(lifecycle)
        return RunStatus(
            id=f"id-{name}", name=name, state="running", digest=digest, started=self.time
        )

    def run(self, run_id: str) -> RunState:
        self._ask("run")
        return self.states.get(run_id, RunState(run_id, run_id, "running"))

    def terminate(self, run_id: str) -> None:
        self._ask("terminate")
        self.ended.append(run_id)

    def pointer(self, lifecycle: Any) -> Pointer | None:
        self._ask("pointer")
        return self.released

    def plan(self, one: LifecycleObject, lifecycle: Any) -> PlanStatus:
        self._ask("plan")
        return PlanStatus()

    def deploy(self, one: LifecycleObject, lifecycle: Any) -> str:
        self._ask("deploy")
        self.deployed.append(self.released.version if self.released else "")
        body = {"kind": "InferenceService", "metadata": {"name": one.name}}
        body["metadata"]["ownerReferences"] = [one.owner]  # type: ignore[index]
        self.cluster.objects["InferenceService", one.name] = body
        return f"release-{len(self.deployed)}"

    def rollout(self, one: LifecycleObject, *, release: str) -> RolloutState:
        return self.state

    def service(self, one: LifecycleObject) -> Object | None:
        return self.cluster.objects.get(("InferenceService", one.name))


@dataclass
class Life:
    """One object through several looks, as the API server would keep it."""

    document: Object
    world: FakeWorld = field(default_factory=FakeWorld)
    generation: int = 1
    annotations: dict[str, str] = field(default_factory=dict)
    status: LifecycleStatus = field(default_factory=LifecycleStatus)

    def subject(self) -> LifecycleObject:
        body = copy.deepcopy(self.document)
        body["metadata"] |= {
            "namespace": "models",
            "uid": "0f8f1c2d-aaaa",
            "generation": self.generation,
            "annotations": self.annotations,
        }
        return lifecycle_object(body | {"status": as_written(self.status)})

    def look(self) -> LifecycleStatus:
        """Look once, as a controller that has just been started."""
        self.world.time += timedelta(minutes=1)
        reconcile(self.subject(), self.world)  # type: ignore[arg-type]
        if self.world.cluster.statuses:
            self.status = LifecycleStatus.model_validate(self.world.cluster.statuses[-1])
        return self.status

    def edit(self, *path: str, value: Any) -> None:
        node = self.document["spec"]
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = value
        self.generation += 1

    def said(self, kind: str) -> tuple[str, str]:
        found = self.status.condition(kind)
        assert found is not None
        return found.status, found.reason
