"""Rules for pods: who they run as, what they may, what they take, how one sees that they live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .objects import CLUSTER_SCOPED, RUNTIMES, Finding, Object, Pod, name_of, of_kind, pods, run

ON_THE_API = {"controller", "prometheus"}
"""Service accounts whose pods get a token: they talk to the API server."""
SECRET = re.compile(r"PASSWORD|TOKEN(?!_PATH)|SECRET|_KEY$|CREDENTIAL")
IN_A_URL = re.compile(r"://[^/\s:@]+:[^/\s@$]+@")
HOST = ("hostNetwork", "hostPID", "hostIPC")


def security(objects: list[Object]) -> Iterator[Finding]:
    """The restricted Pod Security Standard, and a root file system that is read-only."""
    for pod in run(objects):
        whole = pod.spec.get("securityContext", {})
        for key in HOST:
            if pod.spec.get(key):
                yield Finding("security", pod.where, f"{key} is not allowed")
        for volume in pod.spec.get("volumes", []):
            if "hostPath" in volume:
                yield Finding("security", pod.where, f"volume {volume['name']} is a hostPath")
        for container in pod.all_containers:
            for why in _insecure(whole, container.get("securityContext", {})):
                yield Finding("security", f"{pod.where}/{container['name']}", why)


def _insecure(whole: dict[str, Any], own: dict[str, Any]) -> Iterator[str]:
    said = {**whole, **own}
    if said.get("runAsNonRoot") is not True or said.get("runAsUser") == 0:
        yield "may run as root: set runAsNonRoot, and a runAsUser that is not 0"
    if said.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile.type is not RuntimeDefault"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem is not true"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "capabilities are not exactly drop: [ALL]"
    if own.get("privileged"):
        yield "is privileged"


def images(objects: list[Object]) -> Iterator[Finding]:
    """Every image has a tag or digest, and none is `latest`."""
    for pod in run(objects):
        for container in pod.all_containers:
            image = container.get("image", "")
            last, _, digest = image.rpartition("/")[2].partition("@")
            tag = last.partition(":")[2]
            if not digest and tag in {"", "latest"}:
                why = f"image {image!r} has no fixed tag or digest: add it to images in the overlay"
                yield Finding("images", f"{pod.where}/{container['name']}", why)


def resources(objects: list[Object]) -> Iterator[Finding]:
    """Every container asks for CPU and memory, and has a bound of memory."""
    for pod in run(objects):
        for container in pod.all_containers:
            said = container.get("resources", {})
            for part, keys in (("requests", ("cpu", "memory")), ("limits", ("memory",))):
                for key in keys:
                    if key not in said.get(part, {}):
                        why = f"resources.{part}.{key} is not set"
                        yield Finding("resources", f"{pod.where}/{container['name']}", why)
        for volume in pod.spec.get("volumes", []):
            if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
                why = f"volume {volume['name']} has no sizeLimit"
                yield Finding("resources", pod.where, why)


def probes(objects: list[Object]) -> Iterator[Finding]:
    """Every container that runs on says when it is ready and whether it lives."""
    for pod in pods(objects):
        if pod.kind == "Job":
            continue
        for container in pod.containers:
            for probe in ("readinessProbe", "livenessProbe"):
                if probe not in container:
                    yield Finding("probes", f"{pod.where}/{container['name']}", f"no {probe}")


def accounts(objects: list[Object]) -> Iterator[Finding]:
    """Pods have an account of their own, and a token only where they use it."""
    for pod in pods(objects):
        if pod.kind in RUNTIMES:
            continue  # the InferenceService says it
        account = pod.spec.get("serviceAccountName", "default")
        if account == "default":
            yield Finding("accounts", pod.where, "runs as the account default")
        if pod.spec.get("automountServiceAccountToken") is not False and account not in ON_THE_API:
            yield Finding("accounts", pod.where, "gets a token of the API server without need")


def secrets(objects: list[Object]) -> Iterator[Finding]:
    """Secrets are named, never written down."""
    for item in of_kind(objects, "Secret"):
        yield Finding("secrets", name_of(item), "secrets are not in files: manifests/secrets.sh")
    for pod in pods(objects):
        for container in pod.all_containers:
            yield from _told(pod, container)
    for item in of_kind(objects, "ConfigMap"):
        for key, text in item.get("data", {}).items():
            if IN_A_URL.search(text):
                yield Finding("secrets", name_of(item), f"{key} has a URL with a password")


def _told(pod: Pod, container: Object) -> Iterator[Finding]:
    where = f"{pod.where}/{container['name']}"
    for variable in container.get("env", []):
        if "value" in variable and (
            SECRET.search(variable["name"]) or IN_A_URL.search(variable["value"])
        ):
            yield Finding("secrets", where, f"{variable['name']} has its value in the file")
    for argument in [*container.get("command", []), *container.get("args", [])]:
        if IN_A_URL.search(argument):
            yield Finding("secrets", where, "an argument has a URL with a password")


def scope(objects: list[Object]) -> Iterator[Finding]:
    """Objects of the cluster have no namespace, all others have one; each says what it is of."""
    for item in objects:
        placed = "namespace" in item["metadata"]
        if (item["kind"] in CLUSTER_SCOPED) == placed:
            why = "is of the whole cluster and has a namespace" if placed else "has no namespace"
            yield Finding("scope", name_of(item), why)
        if "app.kubernetes.io/part-of" not in item["metadata"].get("labels", {}):
            yield Finding("scope", name_of(item), "has no label app.kubernetes.io/part-of")


RULES = (security, images, resources, probes, accounts, secrets, scope)
