"""Checks what mdlc needs of a cluster (`mdlc doctor`): one line for each check, with a hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from mdlc.core.errors import MdlcError
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle
from mdlc.kubernetes.api_client import ApiError, Kube
from mdlc.pipelines.kubeflow.kfp_client import KfpClient
from mdlc.state import remote_files

KUBERNETES = (1, 27)
PIPELINES = (2, 14)
SERVING = "inferenceservices.serving.kserve.io"
MONITORS = ("servicemonitors.monitoring.coreos.com", "prometheusrules.monitoring.coreos.com")
PERMISSIONS = (
    ("create", "inferenceservices", "serving.kserve.io"),
    ("create", "servicemonitors", "monitoring.coreos.com"),
    ("create", "prometheusrules", "monitoring.coreos.com"),
    ("create", "configmaps", ""),
    ("get", "secrets", ""),
    ("get", "pods/log", ""),
)


class ClusterCheck(Document):
    """One check and its result."""

    name: str
    state: Literal["ok", "missing"]
    needed: bool
    """Whether mdlc needs it; if not, only some feature is missing without it."""
    said: str
    next: str = ""


@dataclass(frozen=True)
class CheckTargets:
    """What is checked: a cluster, KFP, and the lifecycle that is to run there."""

    kube: Callable[[], Kube] | None
    client: Callable[[], KfpClient] | None
    namespace: str
    lifecycle: Lifecycle | None


def run_checks(asked: CheckTargets) -> list[ClusterCheck]:
    """Do all checks; one that cannot be done counts as missing, with the reason."""
    checks: list[ClusterCheck] = []
    if asked.kube is not None:
        checks += _kubernetes(asked, asked.kube)
    if asked.client is not None:
        checks.append(_pipelines(asked.client))
    if asked.lifecycle is not None and asked.lifecycle.spec.cluster.artifacts:
        checks.append(_store(asked.lifecycle.spec.cluster.artifacts))
    return checks


def healthy(checks: list[ClusterCheck]) -> bool:
    """Return whether everything that is needed is there."""
    return all(check.state == "ok" for check in checks if check.needed)


def _kubernetes(asked: CheckTargets, connect: Callable[[], Kube]) -> list[ClusterCheck]:
    try:
        kube = connect()
        version = kube.version()
    except MdlcError as error:
        return [_missing("Kubernetes", error.message, error.hint)]
    found = [int(part) for part in re.findall(r"\d+", version)[:2]]
    wanted = ".".join(map(str, KUBERNETES))
    new = tuple(found) >= KUBERNETES
    checks = [
        _ok("Kubernetes", version)
        if new
        else _missing("Kubernetes", f"{version} is too old", f"use {wanted} or later")
    ]
    for question in (_crds, _copier, _storage, _gpus, _pod_security, _permissions, _secrets):
        try:
            checks += question(kube, asked)
        except MdlcError as error:
            name = question.__name__.strip("_").replace("_", " ")
            checks.append(_missing(name, error.message, error.hint, needed=False))
    return checks


def _crds(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    del asked
    known = kube.crds()
    if SERVING in known:
        yield _ok("KServe", f"serves {', '.join(known[SERVING])}")
    else:
        yield _missing("KServe", f"no {SERVING}", "install KServe 0.15 or later to serve models")
    for name in MONITORS:
        what = f"Prometheus operator: {name.partition('.')[0]}"
        if name in known:
            yield _ok(what, f"serves {', '.join(known[name])}", needed=False)
        else:
            step = "install the operator, or load the rendered rules into Prometheus by hand"
            yield _missing(what, f"no {name}", step, needed=False)


def _copier(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    """Check for KServe's storage container, which copies releases from S3 into predictors."""
    if asked.lifecycle is None:
        return
    kserve, cluster = asked.lifecycle.spec.deploy.kserve, asked.lifecycle.spec.cluster
    name = kserve.storage_container
    if name is None or not (kserve.releases or cluster.artifacts or "").startswith("s3://"):
        return
    what, path = f"storage container {name}", "/apis/serving.kserve.io/v1alpha1"
    try:
        kube.send("GET", f"{path}/clusterstoragecontainers/{name}")
    except ApiError as error:
        step = "kubectl apply -k manifests/base/serving, or set spec.deploy.kserve"
        yield _missing(what, error.message, step, needed=False)
    else:
        yield _ok(what, "copies releases from S3", needed=False)


def _storage(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    del asked
    names = kube.default_storage_classes()
    if len(names) == 1:
        yield _ok("default storage class", names[0], needed=False)
    else:
        said = "there is none" if not names else f"there are several: {', '.join(names)}"
        step = "mark one with storageclass.kubernetes.io/is-default-class=true"
        yield _missing("default storage class", said, step, needed=False)


def _gpus(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    cluster = asked.lifecycle.spec.cluster if asked.lifecycle else None
    pods = [*cluster.stages.values(), cluster.each] if cluster else []
    asking = [pod.gpu_resource or "nvidia.com/gpu" for pod in pods if pod.gpu]
    known = kube.gpus()
    shown = ", ".join(f"{count} {name}" for name, count in sorted(known.items()))
    lacking = sorted(set(asking) - known.keys())
    if lacking:
        step = "add nodes and their device plugin, or take gpu out of spec.cluster"
        yield _missing("accelerators", f"no node has {', '.join(lacking)}", step)
    else:
        yield _ok("accelerators", shown or "none, and none is asked for", needed=bool(asking))


def _pod_security(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    level = kube.pod_security(asked.namespace)
    name = f"namespace {asked.namespace}"
    if level is None:
        yield _missing(name, "it is not there", f"kubectl create namespace {asked.namespace}")
    elif level:
        yield _ok(name, f"enforces pod security {level}")
    else:
        step = f"kubectl label ns {asked.namespace} pod-security.kubernetes.io/enforce=baseline"
        yield _missing(name, "it enforces no pod security", step, needed=False)


def _permissions(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    for verb, resource, group in PERMISSIONS:
        name = f"may {verb} {resource}"
        if kube.may(namespace=asked.namespace, verb=verb, resource=resource, group=group):
            yield _ok(name, f"in {asked.namespace}", needed=False)
        else:
            step = "ask for a role that has it, or let somebody apply what mdlc renders"
            yield _missing(name, f"not in {asked.namespace}", step, needed=False)


def _secrets(kube: Kube, asked: CheckTargets) -> Iterator[ClusterCheck]:
    secrets = asked.lifecycle.spec.cluster.secrets if asked.lifecycle else []
    for secret in secrets:
        keys = kube.secret_keys(asked.namespace, secret.name)
        name, needed = f"secret {secret.name}", not secret.optional
        lacking = sorted(set(secret.env.values()) - (keys or set()))
        if keys is None:
            step = f"kubectl -n {asked.namespace} create secret generic {secret.name} ..."
            yield _missing(name, f"not in {asked.namespace}", step, needed=needed)
        elif lacking:
            step = "add them, or change spec.cluster.secrets"
            yield _missing(name, f"it has no key {', '.join(lacking)}", step, needed=needed)
        else:
            yield _ok(name, "has the keys that the file names", needed=needed)


def _pipelines(connect: Callable[[], KfpClient]) -> ClusterCheck:
    name = "Kubeflow Pipelines"
    try:
        client = connect()
        version, users = client.health()
    except MdlcError as error:
        return _missing(name, error.message, error.hint)
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    who = "for many users" if users else "for one user"
    if found and found < PIPELINES:
        return _missing(name, f"{version} is too old", "use 2.14 or later")
    return _ok(name, f"{version or 'a version that it does not tell'} at {client.host}, {who}")


def _store(artifacts: str) -> ClusterCheck:
    try:
        remote_files.read_bytes(remote_files.join(artifacts, ".mdlc-doctor"))
        remote_files.put_bytes(
            remote_files.join(artifacts, ".mdlc-doctor"), b"written by mdlc doctor\n"
        )
    except (MdlcError, OSError) as error:
        hint = getattr(error, "hint", "")
        return _missing("object store", getattr(error, "message", str(error)), hint)
    return _ok("object store", f"{artifacts} can be read and written from here")


def _ok(name: str, said: str, *, needed: bool = True) -> ClusterCheck:
    return ClusterCheck(name=name, state="ok", needed=needed, said=said)


def _missing(name: str, said: str, step: str, *, needed: bool = True) -> ClusterCheck:
    return ClusterCheck(name=name, state="missing", needed=needed, said=said, next=step)
