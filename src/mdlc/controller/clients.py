"""All that the controller sees and does outside of itself, a method a thing, for tests to replace.

Nothing is kept here: what has to survive a restart is in the object's status, in Kubeflow Pipelines
or in the object store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mdlc.cluster.state_mirror import read_pointer
from mdlc.cluster.submit_run import SourceLocation, sources_of
from mdlc.controller.cluster_objects import ClusterObjects
from mdlc.controller.desired_objects import Rendering
from mdlc.controller.lifecycle_object import DATA_ROOT, LifecycleObject
from mdlc.core.spec import Lifecycle
from mdlc.kserve.deploy_release import DeployOptions, deploy
from mdlc.kserve.diagnose_rollout import findings
from mdlc.kserve.follow_rollout import look, progress
from mdlc.kubernetes.crd.lifecycle_status import PlanStage, PlanStatus, RunStatus
from mdlc.kubernetes.object_client import ObjectClient
from mdlc.life.spec_digest import spec_digest
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.cluster_plan import UNSEEN, cluster_plan
from mdlc.pipelines.kubeflow.kfp_client import KfpClient
from mdlc.pipelines.kubeflow.run_state import RunState
from mdlc.pipelines.kubeflow.source_uploads import Sources
from mdlc.pipelines.stage_arguments import Renewal
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace


@dataclass(frozen=True)
class ClientSettings:
    """What the controller is told once, for all lifecycles."""

    host: str | None = None
    """Kubeflow Pipelines; None: where kfp finds it."""
    pipelines: bool = True
    """Whether runs are started at all."""
    kubeflow_namespace: str | None = None
    """The profile's, where Kubeflow Pipelines has many users."""
    rendering: Rendering = field(default_factory=Rendering)
    trigger: bool = True
    """Whether the files are handed to the trigger."""


@dataclass(frozen=True)
class RolloutState:
    """How what was deployed does."""

    ready: bool
    lasting: bool
    """Whether waiting does not help."""
    words: str
    url: str


class Clients:
    """The real one."""

    def __init__(self, cluster: ClusterObjects, *, settings: ClientSettings) -> None:
        self.cluster = cluster
        self.settings = settings

    def now(self) -> datetime:
        """Return the time, in whole seconds as Kubernetes keeps it."""
        return datetime.now(UTC).replace(microsecond=0)

    def submit(self, one: LifecycleObject, lifecycle: Lifecycle, *, name: str) -> RunStatus:
        """Make the run of this name, or find it."""
        made = self._client().send(
            lifecycle,
            kind="training",
            renewal=Renewal(),
            name=name,
            sources=self._sources(one, lifecycle),
        )
        return RunStatus(
            id=made.run_id,
            name=made.name,
            state="running",
            message="it waits for its first step",
            digest=spec_digest(lifecycle),
            link=made.link,
            started=self.now(),
        )

    def run(self, run_id: str) -> RunState:
        """Return how a run stands."""
        return self._client().state(run_id)

    def terminate(self, run_id: str) -> None:
        """End a run."""
        self._client().terminate(run_id)

    def pointer(self, lifecycle: Lifecycle) -> Pointer | None:
        """Return what is released; None if nothing is, or the file names no artifacts."""
        if not lifecycle.spec.cluster.artifacts:
            return None
        return read_pointer(artifacts_of(lifecycle))

    def plan(self, one: LifecycleObject, lifecycle: Lifecycle) -> PlanStatus:
        """Return what a run would do now: what `mdlc plan --cluster` prints."""
        sources = self._sources(one, lifecycle)
        made = cluster_plan(lifecycle, sources=sources)
        stages = [PlanStage.model_validate(stage.model_dump()) for stage in made.stages]
        return PlanStatus(stages=stages, unknown="" if all(sources.digests.values()) else UNSEEN)

    def deploy(self, one: LifecycleObject, lifecycle: Lifecycle) -> str:
        """Apply the InferenceService of what is released; return the release's name."""
        workspace = Workspace(lifecycle.name, Path(), Path())
        done = deploy(
            lifecycle,
            workspace=workspace,
            objects=self._objects(one),
            options=DeployOptions(following=False),
            told=lambda _: None,
        )
        # A manager of its own: mdlc deploy by hand, later, does not take the owner away.
        self.cluster.apply(
            {
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "metadata": {
                    "name": lifecycle.name,
                    "namespace": one.namespace,
                    "ownerReferences": [one.owner],
                },
            }
        )
        return done.release

    def rollout(self, one: LifecycleObject, *, release: str) -> RolloutState:
        """Return how the predictors of a release do."""
        objects = self._objects(one)
        seen = look(objects, name=one.name)
        state = progress(seen, release=release)
        found = [] if state.done else findings(seen)
        words = "; also: ".join(finding.what for finding in found[:3]) or state.words
        url = str((seen.service or {}).get("status", {}).get("url", ""))
        return RolloutState(state.done, bool(found and found[0].lasting), words, url)

    def service(self, one: LifecycleObject) -> dict[str, Any] | None:
        """Return the InferenceService."""
        return self._objects(one).get("InferenceService", one.name)

    def _objects(self, one: LifecycleObject) -> ObjectClient:
        return ObjectClient(self.cluster.kube, namespace=one.namespace)

    def _client(self) -> KfpClient:
        settings = self.settings
        return KfpClient(settings.host, namespace=settings.kubeflow_namespace)

    def _sources(self, one: LifecycleObject, lifecycle: Lifecycle) -> Sources:
        data = SourceLocation(root=one.annotations.get(DATA_ROOT))
        return sources_of(lifecycle, file=Path("lifecycle.yaml"), data=data)


ClientsByNamespace = Callable[[str], Clients]
