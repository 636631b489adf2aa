"""What is to be done next, from the file, the status so far, and what was seen. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mdlc.controller.lifecycle_object import RUN, LifecycleObject, Object
from mdlc.controller.status_conditions import ConditionValue
from mdlc.core.files import digest_bytes, digest_json
from mdlc.core.spec import Lifecycle
from mdlc.kubernetes.crd.lifecycle_status import (
    AppliedObject,
    LifecycleStatus,
    RunStatus,
    ServingStatus,
)
from mdlc.life.spec_digest import spec_digest
from mdlc.pipelines.kubeflow.run_state import RunState
from mdlc.state.release_documents import Pointer

KEPT_RUNS = 10


@dataclass
class ObservedState:
    """What was seen of the world; what could not be seen has its reason in `errors`."""

    run: RunState | None = None
    """The newest run, if there is one."""
    pointer: Pointer | None = None
    service: bool = False
    """Whether there is an InferenceService."""
    errors: dict[str, str] = field(default_factory=dict)
    """run, pointer, plan, monitoring, serving, trigger -> why it is not known or not done."""


def submission(one: LifecycleObject, lifecycle: Lifecycle) -> str | None:
    """Return the name of the run to be made, None if the newest is of this file.

    The name says object, file and wish, so a controller that was killed between submitting and
    noting it finds the run that it made. A run that failed is followed by another only when
    somebody asks: an annotation, or a changed file.
    """
    digest, asked = spec_digest(lifecycle), one.annotations.get(RUN, "")
    newest = one.status.runs[-1] if one.status.runs else None
    if newest is not None and newest.digest == digest and one.status.asked == asked:
        return None
    wish = digest_bytes(f"{one.generation} {asked}".encode())[:6]
    return f"{one.name}-{one.uid[:8]}-{digest[:8]}-{wish}"


def with_run(runs: list[RunStatus], made: RunStatus) -> list[RunStatus]:
    """Return the runs with a new one, or with what is new of a known one; the newest are kept."""
    others = [run for run in runs if run.id != made.id]
    if len(others) < len(runs):
        return [made if run.id == made.id else run for run in runs]
    return [*others, made][-KEPT_RUNS:]


def followed(run: RunStatus, state: RunState) -> RunStatus:
    """Return a run with what Kubeflow Pipelines says of it now."""
    outcome = state.outcome
    update = {
        "state": state.state,
        "started": state.created or run.started,
        "outcome": outcome.outcome if outcome else "failed" if state.state == "failed" else "",
        "version": outcome.version if outcome and outcome.outcome != "failed" else "",
        "message": _words(state),
    }
    return run.model_copy(update=update)


def trained(status: LifecycleStatus, seen: ObservedState) -> ConditionValue:
    """Answer whether the file's model was trained."""
    if "submit" in seen.errors:
        return ConditionValue("Unknown", "NotSubmitted", seen.errors["submit"])
    if not status.runs:
        return ConditionValue("Unknown", "Waiting", "no run was started yet")
    newest = status.runs[-1]
    if newest.state == "running":
        return ConditionValue("Unknown", "Running", f"{newest.name}: {newest.message}")
    if newest.state == "failed":
        return ConditionValue("False", "Failed", f"{newest.name}: {newest.message}")
    reason = newest.outcome.capitalize() or "Succeeded"
    return ConditionValue("True", reason, f"{newest.name}: {newest.message}")


def deployment(
    lifecycle: Lifecycle, *, serving: ServingStatus | None, seen: ObservedState
) -> str | None:
    """Return the digest of what is to be deployed, None if there is nothing or it is there."""
    if seen.pointer is None:
        return None
    wanted = deployment_digest(lifecycle, pointer=seen.pointer)
    there = seen.service and serving is not None and serving.digest == wanted
    return None if there else wanted


def deployment_digest(lifecycle: Lifecycle, *, pointer: Pointer) -> str:
    """Return the digest of the file and of what is released."""
    document = lifecycle.model_dump(mode="json", by_alias=True)
    return digest_json([document, pointer.model_dump(mode="json")])[:16]


def serving_status(
    pointer: Pointer, *, currency: str, digest: str, release: str, url: str
) -> ServingStatus:
    """Return what serves, in a few words."""
    promised = pointer.promised
    trial = pointer.canary
    return ServingStatus(
        version=pointer.version,
        since=pointer.since,
        money="" if promised is None else f"{promised:.4g} {currency}",
        canary=trial.version if trial else "",
        ratio=trial.ratio if trial else None,
        url=url,
        digest=digest,
        release=release,
    )


def leftovers(before: list[AppliedObject], wanted: list[Object]) -> list[AppliedObject]:
    """Return what was applied earlier and is not wanted any more."""
    names = {(one["kind"], one["metadata"]["name"]) for one in wanted}
    return [made for made in before if (made.kind, made.name) not in names]


def degraded(seen: ObservedState, said: dict[str, ConditionValue]) -> ConditionValue:
    """Answer whether something is not as it was asked for."""
    troubles = [f"{what}: {why}" for what, why in sorted(seen.errors.items())]
    troubles += [
        f"{kind}: {one.message}"
        for kind, one in said.items()
        if one.status == "False" and one.reason in {"Failed", "NotReady", "NotDeployed", "Refused"}
    ]
    if troubles:
        return ConditionValue("True", "Trouble", "; ".join(dict.fromkeys(troubles)))
    return ConditionValue("False", "AsAsked", "nothing is known to be wrong")


def ready(said: dict[str, ConditionValue]) -> ConditionValue:
    """Answer whether a model of a valid file serves."""
    lacking = [kind for kind in ("Valid", "Serving") if said[kind].status != "True"]
    if not lacking:
        return ConditionValue("True", "Serving", said["Serving"].message)
    first = lacking[0]
    return ConditionValue("False", f"Not{first}", said[first].message)


def word(status: LifecycleStatus) -> str:
    """Return the newest run in a word, for a column."""
    if not status.runs:
        return ""
    newest = status.runs[-1]
    return newest.outcome or newest.state


def _words(state: RunState) -> str:
    """Say where a run is or what it led to. Never what a step said: that may quote data."""
    if state.state == "failed":
        failed = ", ".join(task.name for task in state.tasks if task.state == "FAILED")
        at = f" at {failed}" if failed else ""
        return (
            f"it {'was ended' if state.stopped else 'failed'}{at}; mdlc logs shows why, and a new "
            f"value of the annotation {RUN} tries again"
        )
    if state.state == "succeeded":
        outcome = state.outcome
        if outcome is None:
            return "it ended; what it led to is not in the object store"
        version = f", version {outcome.version}" if outcome.version else ""
        return f"{outcome.outcome}{version}"
    ended = sum(task.state in {"SUCCEEDED", "SKIPPED"} for task in state.tasks)
    running = ", ".join(task.name for task in state.tasks if task.state == "RUNNING")
    told = f"{ended} steps are done" if state.tasks else "it waits for its first step"
    return re.sub(r"^1 steps are", "1 step is", told) + (f", {running} runs" if running else "")
