"""One look at a canary: read what both versions counted, judge, and act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mdlc.canary.canary_verdict import CanaryVerdict, VersionCounts, judge_canary
from mdlc.canary.prometheus_counts import counted
from mdlc.core.errors import BusyError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality
from mdlc.life.release_record import complete
from mdlc.life.releases import current, promote, rollback
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.state.release_documents import CanaryRelease
from mdlc.state.workspace import Workspace

Counting = Callable[[timedelta], Mapping[str, VersionCounts]]
"""From a span that ends now to version -> what it counted; ServiceError where that is unknown."""


def by_prometheus(prometheus: Prometheus, *, model: str) -> Counting:
    """Return the counting that asks Prometheus."""
    return lambda elapsed: counted(prometheus, model=model, elapsed=elapsed)


@dataclass(frozen=True)
class CanaryTerms:
    """What of the file a canary is judged by."""

    canary: Canary
    drift: Drift
    quality: Quality


def judge_lifecycle_canary(
    workspace: Workspace, lifecycle: Lifecycle, *, counts: Counting, now: datetime
) -> CanaryVerdict:
    """Judge the canary that stands by the file's terms, and act; see `look`."""
    return judge_and_end(workspace, terms_of(lifecycle), counts=counts, now=now)


def terms_of(lifecycle: Lifecycle) -> CanaryTerms:
    """Return the terms of a file; those of the defaults where it has no canary."""
    spec, monitor = lifecycle.spec.deploy.canary or Canary(), lifecycle.spec.monitor
    return CanaryTerms(spec, monitor.drift, monitor.quality)


def judge_and_end(
    workspace: Workspace, terms: CanaryTerms, *, counts: Counting, now: datetime
) -> CanaryVerdict:
    """Judge the canary that stands, and promote it or roll it back; return what was done and why.

    Takes the workspace's lock to act: the caller must not hold it. What is not known (Prometheus is
    away), or cannot be done now (another process works on the lifecycle), waits for the next look.
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


def _act(
    workspace: Workspace, trial: CanaryRelease, *, judged: CanaryVerdict, now: datetime
) -> CanaryVerdict:
    """Do what was judged, if it is still that canary which stands."""
    pointer = current(workspace)
    if pointer is None or pointer.canary != trial:
        return CanaryVerdict("wait", "the canary changed while it was judged", trial.version)
    complete(workspace, pointer=pointer, time=now)
    if judged.action == "promote":
        promote(workspace, time=now, why=judged.why)
    else:
        rollback(workspace, time=now, why=judged.why)
    return judged
