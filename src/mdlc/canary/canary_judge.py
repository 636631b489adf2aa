"""One look at a canary: read what both versions counted, judge, and act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mdlc.canary.canary_verdict import Counts, Judgement, judge
from mdlc.canary.prometheus_counts import counted
from mdlc.core.errors import BusyError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality
from mdlc.life.release_record import complete
from mdlc.life.releases import current, promote, rollback
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.state.release_documents import Trial
from mdlc.state.workspace import Workspace

Counting = Callable[[timedelta], Mapping[str, Counts]]
"""From a span that ends now to version -> what it counted; ServiceError where that is unknown."""


def by_prometheus(prometheus: Prometheus, *, model: str) -> Counting:
    """Return the counting that asks Prometheus."""
    return lambda elapsed: counted(prometheus, model=model, elapsed=elapsed)


@dataclass(frozen=True)
class Terms:
    """What of the file a canary is judged by."""

    canary: Canary
    drift: Drift
    quality: Quality


def step(place: Workspace, lifecycle: Lifecycle, *, counts: Counting, now: datetime) -> Judgement:
    """Judge the canary that stands by the file's terms, and act; see `look`."""
    return look(place, terms_of(lifecycle), counts=counts, now=now)


def terms_of(lifecycle: Lifecycle) -> Terms:
    """Return the terms of a file; those of the defaults where it has no canary."""
    spec, monitor = lifecycle.spec.deploy.canary or Canary(), lifecycle.spec.monitor
    return Terms(spec, monitor.drift, monitor.quality)


def look(place: Workspace, terms: Terms, *, counts: Counting, now: datetime) -> Judgement:
    """Judge the canary that stands, and promote it or roll it back; return what was done and why.

    Takes the workspace's lock to act: the caller must not hold it. What is not known (Prometheus is
    away), or cannot be done now (another process works on the lifecycle), waits for the next look.
    """
    pointer = current(place)
    trial = pointer.canary if pointer else None
    if pointer is None or trial is None:
        return Judgement("wait", "no canary stands")
    elapsed = now - trial.since
    try:
        found = counts(elapsed)
    except ServiceError as error:
        return Judgement("wait", f"it cannot be judged: {error}", trial.version)
    judged = judge(
        terms.canary,
        champion=found.get(pointer.version, Counts()),
        canary=found.get(trial.version, Counts()),
        drift=terms.drift,
        quality=terms.quality,
        elapsed=elapsed,
    )
    judged = Judgement(judged.action, judged.why, trial.version)
    if judged.action == "wait":
        return judged
    try:
        with place.lock():
            return _act(place, trial, judged=judged, now=now)
    except BusyError as error:
        return Judgement("wait", f"{judged.why}; {error}", trial.version)


def _act(place: Workspace, trial: Trial, *, judged: Judgement, now: datetime) -> Judgement:
    """Do what was judged, if it is still that canary which stands."""
    pointer = current(place)
    if pointer is None or pointer.canary != trial:
        return Judgement("wait", "the canary changed while it was judged", trial.version)
    complete(place, pointer=pointer, time=now)
    if judged.action == "promote":
        promote(place, time=now, why=judged.why)
    else:
        rollback(place, time=now, why=judged.why)
    return judged
