"""One look at a canary: read what both versions counted, judge, and promote it or roll it back.

Only `judge_and_end` ends a canary because of a judgement. Its callers differ in how often they call
it (see `canary_watch`), in whose clock `now` is, and in where the counts come from. The trigger:

    judge_and_end(workspace, terms_of(lifecycle), counts=by_prometheus(prometheus, model=name),
                  now=datetime.now(UTC))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mdlc.canary.canary_verdict import CanaryVerdict, VersionCounts, judge_canary
from mdlc.canary.prometheus_counts import counted
from mdlc.canary.sample_counts import counted_samples
from mdlc.core.errors import BusyError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality
from mdlc.life.release_record import SILENT, complete, history_of
from mdlc.life.releases import current, promote, rollback
from mdlc.monitoring.history_entries import end_of_canary
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.monitoring.sample_store import SampleStore
from mdlc.state.release_documents import CanaryRelease
from mdlc.state.workspace import Workspace

Counting = Callable[[timedelta], Mapping[str, VersionCounts]]
"""Takes the time since the canary began; returns version -> what it counted in that time.

Raises ServiceError if the counts are not known now.
"""


def by_prometheus(prometheus: Prometheus, *, model: str) -> Counting:
    """Return a function that asks Prometheus for the counts up to the time of the call."""
    return lambda elapsed: counted(prometheus, model=model, elapsed=elapsed)


def by_samples(samples: SampleStore, *, model: str, now: datetime) -> Counting:
    """Return a function that counts in a replay's store of scrapes up to `now`, simulated time."""
    return lambda elapsed: counted_samples(samples, model=model, now=now, elapsed=elapsed)


@dataclass(frozen=True)
class CanaryTerms:
    """The parts of the lifecycle's file that a canary is judged by."""

    canary: Canary
    drift: Drift
    quality: Quality


@dataclass(frozen=True)
class CanaryState:
    """The state of one model's trial as a canary, and why."""

    state: Literal["on_trial", "promoted", "dropped"]
    why: str


def terms_of(lifecycle: Lifecycle) -> CanaryTerms:
    """Return the terms of a file; the defaults if it has no `deploy.canary`."""
    spec, monitor = lifecycle.spec.deploy.canary or Canary(), lifecycle.spec.monitor
    return CanaryTerms(spec, monitor.drift, monitor.quality)


def judge_and_end(
    workspace: Workspace, terms: CanaryTerms, *, counts: Counting, now: datetime
) -> CanaryVerdict:
    """Judge the workspace's canary, and promote it or roll it back if that is due.

    It takes the workspace's lock to act, so the caller must not hold it.

    Returns:
        What was done and why. "wait" also if Prometheus does not answer, or if another process
        holds the lock: the next look tries again.
    """
    pointer = current(workspace)
    trial = pointer.canary if pointer else None
    if pointer is None or trial is None:
        return CanaryVerdict("wait", "no canary stands")
    elapsed = now - trial.since
    try:
        found = counts(elapsed)
    except ServiceError as error:
        return CanaryVerdict("wait", f"it cannot be judged: {error}", trial.version)
    judged = judge_canary(
        terms.canary,
        champion=found.get(pointer.version, VersionCounts()),
        canary=found.get(trial.version, VersionCounts()),
        drift=terms.drift,
        quality=terms.quality,
        elapsed=elapsed,
    )
    judged = CanaryVerdict(judged.action, judged.why, trial.version)
    if judged.action == "wait":
        return judged
    try:
        with workspace.lock():
            return _act(workspace, trial, judged=judged, now=now)
    except BusyError as error:
        return CanaryVerdict("wait", f"{judged.why}; {error}", trial.version)


def state_of(workspace: Workspace, *, digest: str) -> CanaryState:
    """Return the state of the newest trial of the model with this digest.

    It is read from pointer and history, so it does not matter which process ended the trial.
    """
    pointer = current(workspace)
    if pointer and pointer.canary and pointer.canary.digest == digest:
        return CanaryState("on_trial", "")
    ended = end_of_canary(history_of(workspace).entries(), digest)
    if ended is None:
        # A process moved the pointer and was killed before it wrote the line of the history.
        serves = pointer is not None and pointer.digest == digest
        return CanaryState("promoted" if serves else "dropped", SILENT)
    promoted = ended.kind == "promotion" and ended.digest == digest
    return CanaryState("promoted" if promoted else "dropped", ended.why)


def _act(
    workspace: Workspace, trial: CanaryRelease, *, judged: CanaryVerdict, now: datetime
) -> CanaryVerdict:
    """Carry out the verdict, unless the canary was ended or replaced in the meantime."""
    pointer = current(workspace)
    if pointer is None or pointer.canary != trial:
        return CanaryVerdict("wait", "the canary changed while it was judged", trial.version)
    complete(workspace, pointer=pointer, time=now)
    if judged.action == "promote":
        promote(workspace, time=now, why=judged.why)
    else:
        rollback(workspace, time=now, why=judged.why)
    return judged
