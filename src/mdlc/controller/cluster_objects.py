"""What the controller does to a lifecycle's own objects, by the one client of the API server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mdlc.controller.desired_objects import MANAGER
from mdlc.controller.lifecycle_object import LifecycleObject, Object
from mdlc.kubernetes.api_client import Kube
from mdlc.kubernetes.object_client import ObjectClient

GROUPS = ("monitoring.coreos.com", "serving.kserve.io")
"""Of the Prometheus operator and of KServe."""


class ClusterObjects(ObjectClient):
    """One namespace of a cluster, as the controller applies it: what others set is set back."""

    def __init__(self, kube: Kube, *, namespace: str) -> None:
        super().__init__(kube, namespace=namespace, manager=MANAGER, force=True)

    def known_kinds(self) -> set[str]:
        """Return the kinds of the Prometheus operator and of KServe that the API server has."""
        return self.kinds(*GROUPS)

    def lifecycles(self) -> list[Object]:
        """Return all lifecycles of the namespace.

        Raises:
            ApiError: 404 where the cluster knows no lifecycles.
        """
        return list(self.kube.send("GET", self.path("Lifecycle")).get("items", []))

    def delete_owned(self, kind: str, name: str, *, of: LifecycleObject) -> bool:
        """Delete an object if it is the lifecycle's own; say whether it was."""
        there = self.get(kind, name)
        if there is None:
            return False
        owners = there["metadata"].get("ownerReferences", [])
        if [owner["uid"] for owner in owners] != [of.uid]:
            return False
        self.delete(kind, name, uid=there["metadata"]["uid"])
        return True

    def put_status(self, of: LifecycleObject, status: dict[str, Any]) -> None:
        """Write the whole status; nothing happens if the lifecycle is gone."""
        self.apply_status(
            {
                "apiVersion": of.document["apiVersion"],
                "kind": of.document["kind"],
                "metadata": {"name": of.name, "namespace": of.namespace, "uid": of.uid},
                "status": status,
            }
        )

    def event(self, of: LifecycleObject, *, reason: str, message: str, warning: bool) -> None:
        """Write an event about the lifecycle."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        body: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{of.name}.", "namespace": of.namespace},
            "involvedObject": of.owner | {"namespace": of.namespace},
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "message": message,
            "source": {"component": MANAGER},
            "reportingComponent": MANAGER,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self.create(body)
