"""Objects on a cluster as plain dictionaries: get, list, apply as manager mdlc, delete."""

from __future__ import annotations

import re
from typing import Any

from mdlc.core.errors import RefusedError, ServiceError
from mdlc.kubernetes.api_client import ApiError, Kube

Object = dict[str, Any]
MANAGER = "mdlc"
PLURALS = {
    "Deployment": "apps/v1/deployments",
    "Event": "v1/events",
    "HTTPRoute": "gateway.networking.k8s.io/v1/httproutes",
    "InferenceService": "serving.kserve.io/v1beta1/inferenceservices",
    "PersistentVolumeClaim": "v1/persistentvolumeclaims",
    "Pod": "v1/pods",
    "ReplicaSet": "apps/v1/replicasets",
    "ServingRuntime": "serving.kserve.io/v1alpha1/servingruntimes",
}
SCHEMA = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}"
MISSING = 404
CONFLICT = 409
GONE = {MISSING}


class ObjectClient:
    """The objects of one namespace."""

    def __init__(self, kube: Kube, *, namespace: str) -> None:
        self.kube = kube
        self.namespace = namespace

    def get(self, kind: str, name: str) -> Object | None:
        """Return an object, None if it is not there."""
        return self._found(f"{self._path(kind)}/{name}")

    def cluster_runtime(self, name: str) -> Object | None:
        """Return a ClusterServingRuntime, None if it is not there."""
        return self._found(f"/apis/serving.kserve.io/v1alpha1/clusterservingruntimes/{name}")

    def definition(self, name: str) -> Object | None:
        """Return the definition of a custom resource, None if it is not there."""
        return self._found(SCHEMA.format(name))

    def list(self, kind: str, *, labels: str = "") -> list[Object]:
        """Return the objects with these labels; none where their kind is not known."""
        try:
            answer = self.kube.send(
                "GET", self._path(kind), query={"labelSelector": labels} if labels else {}
            )
        except ApiError as error:
            if error.status in GONE:
                return []
            raise
        return list(answer.get("items", []))

    def log(self, pod: str, *, container: str, lines: int, previous: bool = False) -> str:
        """Return the end of a container's log; "" where there is none."""
        query = {"container": container, "tailLines": str(lines)}
        query |= {"previous": "true"} if previous else {}
        try:
            path = f"{self._path('Pod')}/{pod}/log"
            return str(self.kube.send("GET", path, query=query, text=True))
        except ApiError:
            return ""

    def create(self, body: Object) -> Object:
        """Make an object that is not there yet."""
        made: Object = self.kube.send("POST", self._path(body["kind"]), body=body)
        return made

    def apply(self, body: Object, *, force: bool = False, dry_run: bool = False) -> Object:
        """Apply on the server as the manager mdlc; fields that `body` leaves out are dropped.

        Raises:
            RefusedError: somebody else manages a field that `body` would change, and not `force`.
            ServiceError: the server refuses the object.
        """
        name = body["metadata"]["name"]
        query = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        query |= {"dryRun": "All"} if dry_run else {}
        try:
            made: Object = self.kube.send(
                "PATCH",
                f"{self._path(body['kind'])}/{name}",
                query=query,
                body=body,
                content="application/apply-patch+yaml",
            )
        except ApiError as error:
            if error.status == CONFLICT:
                raise RefusedError(
                    f"{body['kind']} {name}: {conflict(error.message)}",
                    hint="take these fields out there, or --force to make them mdlc's",
                ) from error
            if error.status == MISSING:
                raise ServiceError(
                    f"no namespace {self.namespace}, or no KServe: {error.message}",
                    hint=f"kubectl create namespace {self.namespace}; mdlc doctor says what lacks",
                ) from error
            raise
        return made

    def delete(self, kind: str, name: str) -> None:
        """Delete an object at once; nothing happens if it is not there."""
        try:
            path = f"{self._path(kind)}/{name}"
            self.kube.send("DELETE", path, query={"gracePeriodSeconds": "0"})
        except ApiError as error:
            if error.status not in GONE:
                raise

    def _found(self, path: str) -> Object | None:
        try:
            found: Object = self.kube.send("GET", path)
        except ApiError as error:
            if error.status in GONE:
                return None
            raise
        return found

    def _path(self, kind: str) -> str:
        group, _, plural = PLURALS[kind].rpartition("/")
        root = "/apis" if "/" in group else "/api"
        return f"{root}/{group}/namespaces/{self.namespace}/{plural}"


def conflict(message: str) -> str:
    """Return what the API server says of a conflict, in words.

    >>> conflict('Apply failed with 1 conflict: conflict with "kubectl-edit" using '
    ...     'serving.kserve.io/v1beta1: .spec.predictor.minReplicas')
    'kubectl-edit manages .spec.predictor.minReplicas'
    """
    said = []
    for manager, fields in re.findall(
        r'conflicts? with "([^"]+)"(.*?)(?=conflicts? with|$)', message
    ):
        names = re.findall(r"(?<![\w/])\.[\w.\[\]{}=\":/*-]+", fields)
        said.append(f"{manager} manages {', '.join(names) or 'a field of it'}")
    return "; ".join(said) or message
