"""An API server in memory: objects by kind and name, what was applied, and who else owns what."""

# ruff: noqa: ARG002 - the arguments are those of the real one

from __future__ import annotations

import copy
from typing import Any

from mdlc.core.errors import RefusedError
from mdlc.kubernetes.object_client import Object, ObjectClient

REVISION = "deployment.kubernetes.io/revision"


class Cluster(ObjectClient):
    """KServe as far as mdlc sees it: each applied release is a revision, at once ready."""

    def __init__(self) -> None:
        self.namespace = "models"
        self.applied: list[Object] = []
        self.items: dict[tuple[str, str], Object] = {}
        self.lists: dict[str, list[Object]] = {}
        self.logs: dict[str, str] = {}
        self.managed: str = ""
        self.breaks: Object | None = None
        """Status of new pods that do not become ready; None: they do."""

    def get(self, kind: str, name: str) -> Object | None:
        return copy.deepcopy(self.items.get((kind, name)))

    def cluster_runtime(self, name: str) -> Object | None:
        return self.items.get(("ClusterServingRuntime", name))

    def definition(self, name: str) -> Object | None:
        return self.items.get(("CustomResourceDefinition", name))

    def list(self, kind: str, *, labels: str = "") -> list[Object]:
        return copy.deepcopy(self.lists.get(kind, []))

    def log(self, pod: str, *, container: str, lines: int, previous: bool = False) -> str:
        return self.logs.get(pod, "")

    def apply(self, body: Object, *, force: bool = False, dry_run: bool = False) -> Object:
        if self.managed and not force:
            raise RefusedError(self.managed)
        made: dict[str, Any] = copy.deepcopy(body)
        made["metadata"]["generation"] = len(self.applied) + 1
        if not dry_run:
            self.applied.append(copy.deepcopy(body))
            self._serve(made)
        return made

    def _serve(self, made: Object) -> None:
        name, number = made["metadata"]["name"], len(self.applied)
        conditions = [{"type": "Ready", "status": "False" if self.breaks else "True"}]
        made["status"] = {
            "observedGeneration": made["metadata"]["generation"],
            "conditions": conditions,
            "url": "http://flights.example.com",
        }
        self.items["InferenceService", name] = made
        template = {"metadata": {"annotations": made["metadata"]["annotations"]}}
        good = 0 if self.breaks else 1
        status = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": good}
        if self.breaks:
            status["availableReplicas"] = 1  # the old one
            status["updatedReplicas"] = 0
        uid = {"name": f"{name}-predictor", "uid": "d", "generation": 1}
        spec = {"replicas": 1, "template": template}
        self.items["Deployment", f"{name}-predictor"] = {
            "metadata": uid,
            "spec": spec,
            "status": status,
        }
        owned = {"ownerReferences": [{"uid": "d"}], "annotations": {REVISION: str(number)}}
        self.lists["ReplicaSet"] = [{"metadata": {"uid": f"r{number}", **owned}, "status": {}}]
        ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
        meta = {"name": f"pod-{number}", "ownerReferences": [{"uid": f"r{number}"}]}
        self.lists["Pod"] = [{"metadata": meta, "status": self.breaks or ready}]
