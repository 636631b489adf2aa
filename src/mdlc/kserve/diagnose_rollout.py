"""Why a rollout is not ready, in people's words, with the next step. Pure: from what was seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mdlc.kubernetes.object_client import Object

IMAGE = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
INVALID = "InvalidSpec"
CONFIG = {"CreateContainerConfigError", "CreateContainerError"}
SERVER = "kserve-container"
FETCHER = "storage-initializer"
MEMORY_KILL = "OOMKilled"
EXITS = {5: "the model does not load", 10: "the payload log does not open"}
RESOURCES = re.compile(r"Insufficient ([\w.\-/]+)")
QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: (.+)$")
CONTAINER = re.compile(r'ClusterStorageContainer "([^"]+)" not found')
ACCOUNT = re.compile(r'serviceaccounts? "([^"]+)" not found')
CLAIM = re.compile(r'persistentvolumeclaim "([^"]+)" not found')


@dataclass(frozen=True)
class RolloutFinding:
    """One reason, and what to do about it."""

    what: str
    next: str
    lasting: bool
    """Whether waiting alone does not help."""


@dataclass(frozen=True)
class ObservedRollout:
    """What was seen at one look: the objects of the newest revision."""

    service: Object | None
    deployment: Object | None
    replicaset: Object | None = None
    pods: Sequence[Object] = ()
    earlier: int = 0
    """Pods of earlier revisions that may still answer."""
    events: Sequence[Object] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    """Pod -> the end of the server's log; of the run before, if it ended."""


def findings(seen: ObservedRollout) -> list[RolloutFinding]:
    """Return why it is not ready, the most telling first; [] where nothing is known yet."""
    found = [*_service(seen), *_replicas(seen)]
    for pod in seen.pods:
        found += pod_findings(pod, events=seen.events, logs=seen.logs)
    unique = list({finding.what: finding for finding in found}.values())
    return sorted(unique, key=lambda finding: not finding.lasting)


def pod_findings(
    pod: Object, *, events: Sequence[Object], logs: Mapping[str, str]
) -> list[RolloutFinding]:
    """Return what keeps one pod from being ready."""
    status = pod.get("status", {})
    name = pod.get("metadata", {}).get("name", "")
    statuses = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    own = [e for e in events if e.get("involvedObject", {}).get("name") == name]
    found = [*_unscheduled(status), *_mounts(own, started=bool(statuses))]
    for container in statuses:
        found += _container(container, log=logs.get(name, ""), events=own)
    return found


def _service(seen: ObservedRollout) -> Iterator[RolloutFinding]:
    if seen.service is None:
        yield RolloutFinding("there is no InferenceService", "mdlc deploy makes it", lasting=True)
        return
    status = seen.service.get("status", {})
    model = status.get("modelStatus", {})
    # The last failure stays there when it is over.
    failure = model.get("lastFailureInfo", {}) if model.get("transitionStatus") == INVALID else {}
    said = failure.get("message", "")
    if failure.get("reason") in {"RuntimeNotRecognized", "NoSupportingRuntime"}:
        yield RolloutFinding(
            f"KServe has no such runtime: {said or failure['reason']}",
            "apply manifests/base/serving, or set spec.deploy.kserve.runtime",
            lasting=True,
        )
    elif failure.get("reason") in {"RuntimeDisabled", "InvalidPredictorSpec"}:
        step = "look at the runtime and at spec.deploy.kserve"
        yield RolloutFinding(f"KServe refuses the predictor: {said}", step, lasting=True)
    if seen.deployment is None:
        for condition in status.get("conditions", []):
            if condition.get("status") == "False" and condition.get("message"):
                words = _line(condition["message"])
                step = "kubectl describe inferenceservice shows more"
                yield RolloutFinding(f"KServe says: {words}", step, lasting=False)


def _replicas(seen: ObservedRollout) -> Iterator[RolloutFinding]:
    """Say why pods are not made at all."""
    conditions: list[Object] = []
    for one in (seen.deployment, seen.replicaset):
        conditions += (one or {}).get("status", {}).get("conditions", [])
    for condition in conditions:
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield _uncreated(_line(condition.get("message", "")))


def _uncreated(message: str) -> RolloutFinding:
    if quota := QUOTA.search(message):
        name, asked, used, bound = quota.groups()
        what = f"the quota {name} has no room: {asked} is asked, {used} of {bound} is used"
        return RolloutFinding(
            what, "raise the quota, or ask for less in spec.deploy.kserve", lasting=True
        )
    if "violates PodSecurity" in message:
        what = f"the namespace's pod security refuses the pod: {message.partition('violates ')[2]}"
        step = "use the runtimes of manifests/base/serving; they are allowed as restricted"
        return RolloutFinding(what, step, lasting=True)
    if account := ACCOUNT.search(message):
        name = account.group(1)
        step = f"kubectl create serviceaccount {name}, or set spec.deploy.kserve.service_account"
        return RolloutFinding(f"there is no service account {name}", step, lasting=True)
    if container := CONTAINER.search(message):
        name = container.group(1)
        step = "apply manifests/base/serving, or set spec.deploy.kserve.storage_container"
        return RolloutFinding(f"there is no ClusterStorageContainer {name}", step, lasting=True)
    return RolloutFinding(f"pods are refused: {message}", "change what is refused", lasting=True)


def _unscheduled(status: Object) -> Iterator[RolloutFinding]:
    """Say why no node takes the pod."""
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield _no_node(_line(condition.get("message", "")))


def _no_node(message: str) -> RolloutFinding:
    lacking = sorted(set(RESOURCES.findall(message)))
    if claim := CLAIM.search(message):
        name = claim.group(1)
        what, step = f"there is no claim {name}", f"make the PersistentVolumeClaim {name}"
    elif "unbound immediate PersistentVolumeClaims" in message:
        what = "its volume claim is not bound: no volume fits it"
        step = "look at the claim's storage class and size: kubectl describe pvc"
    elif any("gpu" in name for name in lacking):
        names = ", ".join(name for name in lacking if "gpu" in name)
        what = f"no node has a free {names}"
        step = "add GPU nodes and their device plugin, or take gpu out of spec.deploy.kserve.pod"
    elif lacking:
        what = f"no node has enough free {' and '.join(lacking)}"
        step = "ask for less in spec.deploy.kserve.pod, or add nodes"
    elif "node affinity/selector" in message or "untolerated taint" in message:
        what = f"no node is allowed: {message}"
        step = "look at node_selector and tolerations in spec.deploy.kserve.pod"
    else:
        what, step = f"no node takes the pod: {message}", "kubectl describe pod shows more"
    return RolloutFinding(what, step, lasting=True)


def _mounts(events: Sequence[Object], *, started: bool) -> Iterator[RolloutFinding]:
    for event in events:
        if event.get("reason") in {"FailedMount", "FailedAttachVolume"} and not started:
            words = _line(event.get("message", ""))
            yield RolloutFinding(
                f"a volume cannot be mounted: {words}",
                "look at the claim and its volume",
                lasting=False,
            )


def _container(
    container: Object, *, log: str, events: Sequence[Object]
) -> Iterator[RolloutFinding]:
    name, state = container["name"], container.get("state", {})
    waiting = state.get("waiting", {})
    ended = state.get("terminated") or container.get("lastState", {}).get("terminated") or {}
    reason = waiting.get("reason", "")
    if reason in IMAGE:
        why = _line(waiting.get("message", "")) or reason
        what = f"the image {container.get('image', '')} cannot be pulled: {why}"
        step = "check its name and tag, the registry, and cluster.pull_secrets"
        yield RolloutFinding(what, step, lasting=True)
    elif reason in CONFIG:
        step = "make what is missing; manifests/secrets.sh makes the Secrets of the runtimes"
        words = _line(waiting.get("message", ""))
        yield RolloutFinding(f"the container cannot be made: {words}", step, lasting=True)
    elif ended.get("reason") == MEMORY_KILL:
        what = "the kernel killed the server: it needs more memory than its limit"
        yield RolloutFinding(what, "raise memory in spec.deploy.kserve.pod", lasting=True)
    elif ended.get("exitCode") and not container.get("ready"):
        yield _crashed(name, ended, log=log)
    elif name == SERVER and "running" in state and not container.get("ready"):
        yield from _unready(log=log, events=events)


def _crashed(name: str, ended: Object, *, log: str) -> RolloutFinding:
    code = ended["exitCode"]
    said = error_in(log) or _line(ended.get("message", ""))
    if name == FETCHER:
        what = "KServe's storage-initializer cannot fetch the release"
        step = "check the keys and the endpoint in the service account's Secret"
    elif code in EXITS:
        what, step = EXITS[code], "mdlc deploy --rollback goes back to the version before"
        if code == 10:
            step = "check host, user and password of the payload log"
    elif code in {137, 143} and not said:
        what = "the server was killed; it loads for too long, or its liveness probe fails"
        step = "raise spec.deploy.kserve.startup, or cpu in spec.deploy.kserve.pod"
    else:
        what, step = f"the server ended with code {code}", "kubectl logs --previous shows more"
    return RolloutFinding(f"{what}: {said}" if said else what, step, lasting=True)


def _unready(*, log: str, events: Sequence[Object]) -> Iterator[RolloutFinding]:
    failed = [event for event in events if event.get("reason") == "Unhealthy"]
    said = error_in(log)
    if said:
        step = "mdlc deploy --rollback goes back to the version before"
        yield RolloutFinding(f"the model does not load: {said}", step, lasting=False)
    elif failed:
        words = _line(failed[-1].get("message", ""))
        step = "it may still be loading; spec.deploy.kserve.startup bounds that"
        yield RolloutFinding(
            f"the server does not answer its probe yet: {words}", step, lasting=False
        )


def error_in(log: str) -> str:
    """Return the error that a server's log ends with, or its last load_failed; "" if neither.

    >>> error_in('{"event": "load_failed", "why": "x is missing"}')
    'x is missing'
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if lines and not lines[-1].startswith("{"):
        return _line(lines[-1])
    return event_in(log, "load_failed")


def event_in(log: str, event: str) -> str:
    """Return why the last such event of a log came about; "" if there is none."""
    for line in reversed(log.splitlines()):
        said = _fields(line)
        if said.get("event") == event:
            return _line(str(said.get("why") or event))
    return ""


def _fields(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _line(text: str) -> str:
    """Return text on one line, of bounded length."""
    words = " ".join(text.split())
    return words if len(words) <= 400 else words[:397] + "..."
