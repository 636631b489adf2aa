"""Follows a rollout until it serves, or says why not. Bounded in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mdlc.core.errors import ServiceError
from mdlc.kserve.diagnose_rollout import SERVER, ObservedRollout, RolloutFinding, event_in, findings
from mdlc.kserve.inference_service import GROUP, SERVED
from mdlc.kubernetes.object_client import Object, ObjectClient

REVISION = "deployment.kubernetes.io/revision"
POLL_SECONDS = 2.0
PATIENCE_SECONDS = 45.0
"""A reason that lasts has to stand for as long before following ends: registries have hiccups."""
LOG_LINES = 40
CANARY_LINES = 2000
Told = Callable[[str], None]


@dataclass(frozen=True)
class RolloutProgress:
    """How far a rollout is."""

    done: bool
    words: str


def follow(  # noqa: PLR0913 - what is followed, and the times
    objects: ObjectClient,
    *,
    name: str,
    release: str,
    seconds: float,
    told: Told,
    canary: bool = False,
) -> None:
    """Tell of each change until all predictors serve `release`, its `canary` included.

    Raises:
        ServiceError: they do not, within `seconds`; or something stands in their way that waiting
            does not help.
    """
    ends, last, standing = time.monotonic() + seconds, "", time.monotonic()
    while True:
        seen = look(objects, name=name)
        state = progress(seen, release=release)
        if state.done:
            if canary:
                _require_canary(objects, seen, name=name)
            told(state.words)
            return
        found = findings(seen)
        words = found[0].what if found else state.words
        if words != last:
            told(words)
            last = words
        # Words change while the reason stands: an image is pulled, then backed off from.
        if not (found and found[0].lasting):
            standing = time.monotonic()
        late = time.monotonic() > ends
        if late or time.monotonic() - standing > PATIENCE_SECONDS:
            raise _failed(name, found=found, state=state, seen=seen)
        time.sleep(POLL_SECONDS)


def look(objects: ObjectClient, *, name: str) -> ObservedRollout:
    """Ask for all that says how the newest revision of a predictor does."""
    service = objects.get("InferenceService", name)
    deployment = objects.get("Deployment", f"{name}-predictor")
    labels = f"{SERVED}={name}"
    sets = [
        one
        for one in objects.list("ReplicaSet", labels=labels)
        if REVISION in one["metadata"].get("annotations", {})
        and (deployment is None or _owned(one, deployment))
    ]
    newest = max(sets, key=lambda one: int(one["metadata"]["annotations"][REVISION]), default=None)
    every = [p for p in objects.list("Pod", labels=labels) if not _over(p)]
    pods = [p for p in every if newest is not None and _owned(p, newest)]
    involved = {p["metadata"]["name"] for p in pods}
    events = [e for e in objects.list("Event") if e["involvedObject"].get("name") in involved]
    logs = {p["metadata"]["name"]: _log(objects, p) for p in pods if not _ready(p)}
    return ObservedRollout(
        service=service,
        deployment=deployment,
        replicaset=newest,
        pods=pods,
        earlier=len(every) - len(pods),
        events=events,
        logs=logs,
    )


def _require_canary(objects: ObjectClient, seen: ObservedRollout, *, name: str) -> None:
    """Refuse to say that a canary answers its share where a predictor could not load it.

    It is ready all the same: the champion answers everything then.
    """
    for pod in seen.pods:
        log = objects.log(pod["metadata"]["name"], container=SERVER, lines=CANARY_LINES)
        if why := event_in(log, "canary_load_failed"):
            raise ServiceError(
                f"{name}: the canary does not load, the champion answers everything: {why}",
                hint="mdlc deploy --rollback drops the canary",
            )


def progress(seen: ObservedRollout, *, release: str) -> RolloutProgress:
    """Say how far the newest revision is; done if every replica of it is there and no other is."""
    if seen.service is None or seen.deployment is None:
        return RolloutProgress(False, "waiting for KServe to make the Deployment")
    if not _observed(seen.service):
        return RolloutProgress(False, "waiting for KServe to see the change")
    annotations = seen.deployment["spec"]["template"]["metadata"].get("annotations", {})
    if annotations.get(f"{GROUP}/release") != release or not _observed(seen.deployment):
        return RolloutProgress(False, "waiting for KServe to change the Deployment")
    return _counted(seen.deployment, seen.service, earlier=seen.earlier, release=release)


def _counted(deployment: Object, service: Object, *, earlier: int, release: str) -> RolloutProgress:
    wanted, status = deployment["spec"].get("replicas", 1), deployment["status"]
    fresh, ready = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    words = f"{min(fresh, ready)} of {wanted} predictors serve release {release}"
    if fresh < wanted or ready < wanted:
        return RolloutProgress(False, words)
    if earlier:
        # They answer on for some seconds; what serves is not yet only the release.
        return RolloutProgress(False, f"{words}; {earlier} of an earlier one are ending")
    conditions = service.get("status", {}).get("conditions", [])
    if not any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        waits = [c for c in conditions if c["status"] != "True" and c["type"] != "Ready"]
        said = ", ".join(f"{c['type']} {c.get('reason', '')}".strip() for c in waits)
        return RolloutProgress(False, f"{words}; KServe waits for {said or 'its own status'}")
    return RolloutProgress(True, words)


def _failed(
    name: str, *, found: list[RolloutFinding], state: RolloutProgress, seen: ObservedRollout
) -> ServiceError:
    kept = ""
    if seen.deployment is not None:
        status = seen.deployment.get("status", {})
        fresh = sum(1 for pod in seen.pods if _ready(pod))
        old = status.get("availableReplicas", 0) - fresh
        if old > 0:
            kept = f"; {old} of the release before serve on"
    if not found:
        hint = "kubectl describe shows more; mdlc deploy again follows on"
        return ServiceError(f"{name} is not ready: {state.words}{kept}", hint=hint)
    what = "; also: ".join(finding.what for finding in found[:3])
    return ServiceError(f"{name} is not ready: {what}{kept}", hint=found[0].next)


def _observed(item: Object) -> bool:
    seen: int = item.get("status", {}).get("observedGeneration", 0)
    return seen >= int(item["metadata"].get("generation", 0))


def _owned(item: Object, owner: Object) -> bool:
    owners = item["metadata"].get("ownerReferences", [])
    return any(one["uid"] == owner["metadata"]["uid"] for one in owners)


def _over(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def _ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _log(objects: ObjectClient, pod: Object) -> str:
    """Return the end of the server's log; of the run before where this one has just begun."""
    name = pod["metadata"]["name"]
    for container in pod.get("status", {}).get("containerStatuses", []):
        state = container.get("state", {})
        ended = "terminated" in container.get("lastState", {})
        if container["name"] == SERVER and (ended or "waiting" not in state):
            before = ended and "running" in state
            return objects.log(name, container=SERVER, lines=LOG_LINES, previous=before)
    return ""
