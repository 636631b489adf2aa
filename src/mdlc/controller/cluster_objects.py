"""The API server as the controller uses it: apply, get, delete, status, events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mdlc.controller.desired_objects import MANAGER
from mdlc.controller.lifecycle_object import LifecycleObject, Object
from mdlc.kubernetes.api_client import ApiError, Kube
from mdlc.kubernetes.crd.crd_definition import GROUP, PLURAL, VERSION

MISSING, APPLY = 404, "application/apply-patch+yaml"
MONITORING = ("v1", "v1beta1", "v1alpha1")
COMPONENT = "mdlc-controller"


class ClusterObjects:
    """One namespace of a cluster."""

    def __init__(self, kube: Kube, *, namespace: str) -> None:
        self.kube = kube
        self.namespace = namespace

    def kinds(self) -> set[str]:
        """Return the kinds of the Prometheus operator and of KServe that the API server has."""
        found: set[str] = set()
        for group, versions in {
            "monitoring.coreos.com": MONITORING,
            "serving.kserve.io": ("v1beta1",),
        }.items():
            for version in versions:
                answer = self._maybe("GET", f"/apis/{group}/{version}") or {}
                found |= {str(one["kind"]) for one in answer.get("resources", [])}
        return found

    def get(self, body: Object) -> Object | None:
        """Return the object that is of the kind and name of `body`, None if it is not there."""
        return self._maybe("GET", self._path(body))

    def apply(self, body: Object, *, manager: str = MANAGER) -> Object:
        """Apply on the server; what others set of our fields is set back."""
        query = {"fieldManager": manager, "force": "true"}
        made: Object = self.kube.send(
            "PATCH", self._path(body), query=query, body=body, content=APPLY
        )
        return made

    def delete(self, kind: str, name: str, *, of: LifecycleObject, version: str = "") -> bool:
        """Delete an object if it is the lifecycle's own; say whether it was."""
        body = {"apiVersion": version or version_of(kind), "kind": kind, "metadata": {"name": name}}
        there = self.get(body)
        if there is None:
            return False
        owners = there["metadata"].get("ownerReferences", [])
        if [owner["uid"] for owner in owners] != [of.uid]:
            return False
        condition = {"preconditions": {"uid": there["metadata"]["uid"]}}
        self._maybe("DELETE", self._path(body), body=condition)
        return True

    def lifecycles(self) -> list[Object]:
        """Return all lifecycles of the namespace."""
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}"
        return list(self.kube.send("GET", path).get("items", []))

    def put_status(self, of: LifecycleObject, status: dict[str, Any]) -> None:
        """Write the whole status; nothing happens if the lifecycle is gone."""
        body = {
            "apiVersion": of.document["apiVersion"],
            "kind": of.document["kind"],
            "metadata": {"name": of.name, "namespace": of.namespace, "uid": of.uid},
            "status": status,
        }
        self._maybe(
            "PATCH",
            f"{self._path(body)}/status",
            query={"fieldManager": MANAGER, "force": "true"},
            body=body,
            content=APPLY,
        )

    def event(self, of: LifecycleObject, *, reason: str, message: str, warning: bool) -> None:
        """Write an event about the lifecycle."""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        about = of.owner | {"namespace": of.namespace}
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{of.name}.", "namespace": of.namespace},
            "involvedObject": about,
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "message": message,
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self.kube.send("POST", f"/api/v1/namespaces/{self.namespace}/events", body=body)

    def _maybe(self, method: str, path: str, **more: Any) -> Object | None:
        """Return the answer, None where what it is about is not there."""
        try:
            answer: Object = self.kube.send(method, path, **more)
        except ApiError as error:
            if error.status == MISSING:
                return None
            raise
        return answer

    def _path(self, body: Object) -> str:
        version = body["apiVersion"]
        root = "/apis" if "/" in version else "/api"
        plural = f"{body['kind'].lower()}s"
        return f"{root}/{version}/namespaces/{self.namespace}/{plural}/{body['metadata']['name']}"


def version_of(kind: str) -> str:
    """Return the version by which a kind that the controller makes is asked for."""
    return {
        "ConfigMap": "v1",
        "AlertmanagerConfig": "monitoring.coreos.com/v1alpha1",
        "InferenceService": "serving.kserve.io/v1beta1",
    }.get(kind, "monitoring.coreos.com/v1")
