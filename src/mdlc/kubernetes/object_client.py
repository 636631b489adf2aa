"""Objects on a cluster as plain dictionaries: get, list, apply, delete.

All of mdlc uses this client. `manager` is the field manager of server-side apply: the command line
applies as mdlc and is refused if another manager has set a field; the controller applies under its
own name with `force`, and overwrites what others changed.

Example:
    >>> ObjectClient(kube, namespace="models", manager="other", force=True)  # doctest: +SKIP
"""

from __future__ import annotations

import re
from typing import Any

from mdlc.core.errors import RefusedError, ServiceError
from mdlc.kubernetes.api_client import ApiError, Kube
from mdlc.kubernetes.crd.crd_definition import GROUP, PLURAL, VERSION

Object = dict[str, Any]
MANAGER = "mdlc"
PLURALS = {
    "AlertmanagerConfig": "monitoring.coreos.com/v1alpha1/alertmanagerconfigs",
    "ConfigMap": "v1/configmaps",
    "Deployment": "apps/v1/deployments",
    "Event": "v1/events",
    "HTTPRoute": "gateway.networking.k8s.io/v1/httproutes",
    "InferenceService": "serving.kserve.io/v1beta1/inferenceservices",
    "Lifecycle": f"{GROUP}/{VERSION}/{PLURAL}",
    "PersistentVolumeClaim": "v1/persistentvolumeclaims",
    "Pod": "v1/pods",
    "PodMonitor": "monitoring.coreos.com/v1/podmonitors",
    "PrometheusRule": "monitoring.coreos.com/v1/prometheusrules",
    "ReplicaSet": "apps/v1/replicasets",
    "ServingRuntime": "serving.kserve.io/v1alpha1/servingruntimes",
}
"""Kind -> group, version and plural in the API server's paths."""
SCHEMA = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}"
MISSING = 404
CONFLICT = 409
GONE = {MISSING}


class ObjectClient:
    """The objects of one namespace, applied by one field manager."""

    def __init__(
        self, kube: Kube, *, namespace: str, manager: str = MANAGER, force: bool = False
    ) -> None:
        self.kube = kube
        self.namespace = namespace
        self._manager = manager
        self._force = force

    def get(self, kind: str, name: str) -> Object | None:
        """Return an object, None if it does not exist."""
        return self._found(f"{self.path(kind)}/{name}")

    def cluster_runtime(self, name: str) -> Object | None:
        """Return a ClusterServingRuntime, None if it does not exist."""
        return self._found(f"/apis/serving.kserve.io/v1alpha1/clusterservingruntimes/{name}")

    def kinds(self, *groups: str) -> set[str]:
        """Return the kinds of API groups, such as serving.kserve.io, that the API server knows."""
        found: set[str] = set()
        for path in {plural.rpartition("/")[0] for plural in PLURALS.values()}:
            if path.partition("/")[0] in groups:
                answer = self._found(f"/apis/{path}") or {}
                found |= {str(one["kind"]) for one in answer.get("resources", [])}
        return found

    def definition(self, name: str) -> Object | None:
        """Return the definition of a custom resource, None if it does not exist."""
        return self._found(SCHEMA.format(name))

    def list(self, kind: str, *, labels: str = "") -> list[Object]:
        """Return the objects with these labels; [] if the API server does not know the kind."""
        try:
            answer = self.kube.send(
                "GET", self.path(kind), query={"labelSelector": labels} if labels else {}
            )
        except ApiError as error:
            if error.status in GONE:
                return []
            raise
        return list(answer.get("items", []))

    def log(self, pod: str, *, container: str, lines: int, previous: bool = False) -> str:
        """Return the end of a container's log; "" if there is none."""
        query = {"container": container, "tailLines": str(lines)}
        query |= {"previous": "true"} if previous else {}
        try:
            path = f"{self.path('Pod')}/{pod}/log"
            return str(self.kube.send("GET", path, query=query, text=True))
        except ApiError:
            return ""

    def create(self, body: Object) -> Object:
        """Create an object that does not exist yet."""
        made: Object = self.kube.send("POST", self.path(body["kind"]), body=body)
        return made

    def apply(
        self, body: Object, *, manager: str = "", force: bool = False, dry_run: bool = False
    ) -> Object:
        """Apply an object by server-side apply; return it.

        Fields that the manager set before and that `body` leaves out are removed.

        Args:
            body: The object.
            manager: Field manager; "": the client's.
            force: Whether to overwrite fields that other managers have set.
            dry_run: Whether the server only checks the object.

        Raises:
            RefusedError: without `force`, another manager has set a field that `body` would change.
            ServiceError: the server refuses the object.
        """
        name = body["metadata"]["name"]
        try:
            return self._patch(body, manager=manager, force=force, dry_run=dry_run)
        except ApiError as error:
            if error.status == CONFLICT:
                raise RefusedError(
                    f"{body['kind']} {name}: {conflict(error.message)}",
                    hint="take these fields out there, or --force to make them mdlc's",
                ) from error
            if error.status == MISSING:
                raise ServiceError(
                    f"no namespace {self.namespace}, or no {body['kind']} known: {error.message}",
                    hint=f"kubectl create namespace {self.namespace}; mdlc doctor says what lacks",
                ) from error
            raise

    def apply_status(self, body: Object) -> None:
        """Apply an object's whole status; do nothing if the object is gone."""
        try:
            self._patch(body, part="/status")
        except ApiError as error:
            if error.status not in GONE:
                raise

    def delete(self, kind: str, name: str, *, uid: str = "") -> None:
        """Delete an object at once; do nothing if it does not exist.

        Raises:
            ApiError: its uid is not `uid`: it is another object of the same name.
        """
        body = {"preconditions": {"uid": uid}} if uid else None
        try:
            path = f"{self.path(kind)}/{name}"
            self.kube.send("DELETE", path, query={"gracePeriodSeconds": "0"}, body=body)
        except ApiError as error:
            if error.status not in GONE:
                raise

    def _patch(
        self,
        body: Object,
        *,
        part: str = "",
        manager: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> Object:
        query = {
            "fieldManager": manager or self._manager,
            "force": "true" if force or self._force else "false",
            **({"dryRun": "All"} if dry_run else {}),
        }
        made: Object = self.kube.send(
            "PATCH",
            f"{self.path(body['kind'])}/{body['metadata']['name']}{part}",
            query=query,
            body=body,
            content="application/apply-patch+yaml",
        )
        return made

    def _found(self, path: str) -> Object | None:
        try:
            found: Object = self.kube.send("GET", path)
        except ApiError as error:
            if error.status in GONE:
                return None
            raise
        return found

    def path(self, kind: str) -> str:
        """Return the path of all objects of a kind.

        Raises:
            KeyError: the kind is not in PLURALS.
        """
        group, _, plural = PLURALS[kind].rpartition("/")
        root = "/apis" if "/" in group else "/api"
        return f"{root}/{group}/namespaces/{self.namespace}/{plural}"


def conflict(message: str) -> str:
    """Return the API server's message about a conflict in plain words.

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
