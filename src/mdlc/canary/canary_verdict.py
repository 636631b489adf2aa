"""Whether a canary is promoted, rolled back, or goes on: a pure function of what both counted.

A canary is rolled back when one of these is certain enough, in this order: it fails too often, it
is too slow, its predictions are not those of its training, it earns less. It is promoted once it
has answered enough, for long enough, and none of them is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from mdlc.core.spec.base import format_duration
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality
from mdlc.monitoring.population_stability import noise, psi, used_bins

ERRORS = 3
"""Standard errors between the money of two versions that chance does not explain."""
SCORINGS = 30
"""Requests that both versions scored before their times are compared: fewer are one slow moment."""


@dataclass(frozen=True)
class VersionCounts:
    """What one version counted since the canary began."""

    predictions: float = 0
    """Rows that it answered."""
    failures: float = 0
    """Rows that it failed to score; not among its predictions."""
    scorings: float = 0
    """Requests that it scored rows of."""
    scoring_seconds: float = 0
    """Time that these took together."""
    bins: Mapping[str, float] = field(default_factory=dict)
    """Bin of the prediction -> rows."""
    reference: Mapping[str, float] = field(default_factory=dict)
    """Bin of the prediction -> training rows."""
    labels: float = 0
    money: float = 0
    """Earned by labelled decisions."""
    money_squared: float = 0
    """Sum of the squares."""


@dataclass(frozen=True)
class CanaryVerdict:
    """What to do with a canary, and why."""

    action: Literal["wait", "promote", "roll_back"]
    why: str
    version: str = ""
    """The canary's; "" where none stands."""


def judge_canary(  # noqa: PLR0913 - what a judgement depends on, each by name
    spec: Canary,
    *,
    champion: VersionCounts,
    canary: VersionCounts,
    drift: Drift,
    quality: Quality,
    elapsed: timedelta,
) -> CanaryVerdict:
    """Judge a canary that began `elapsed` ago.

    >>> judge(
    ...     Canary(), champion=Counts(), canary=Counts(predictions=10),
    ...     drift=Drift(), quality=Quality(), elapsed=timedelta(hours=2),
    ... ).why
    'it has answered 10 of 200 predictions'
    """
    asked = canary.predictions + canary.failures
    # Failures are judged as soon as no later success could make them few enough.
    if canary.failures > spec.max_failure_ratio * max(asked, spec.min_predictions):
        share = f"{canary.failures:.0f} of {asked:.0f} predictions failed"
        return CanaryVerdict("roll_back", f"{share}; at most {spec.max_failure_ratio:.2%} may")
    if asked < spec.min_predictions:
        why = f"it has answered {canary.predictions:.0f} of {spec.min_predictions} predictions"
        return CanaryVerdict("wait", why)
    for found in (
        _slow(spec, champion=champion, canary=canary),
        _drifted(drift, champion=champion, canary=canary),
        _poorer(quality, champion=champion, canary=canary),
    ):
        if found:
            return CanaryVerdict("roll_back", found)
    if elapsed < spec.hold:
        left = format_duration(timedelta(seconds=math.ceil((spec.hold - elapsed).total_seconds())))
        return CanaryVerdict("wait", f"nothing is wrong with it; {left} of its trial are left")
    answered = f"it answered {canary.predictions:.0f} predictions as it should"
    return CanaryVerdict("promote", f"{answered}; {_compared(quality, champion, canary)}")


def _slow(spec: Canary, *, champion: VersionCounts, canary: VersionCounts) -> str:
    """Say that the canary is too slow; "" if it is not, or if that is not certain.

    A call scores as many rows as the version has of a request. Where these numbers differ, its cost
    lies between that of a call and that of its rows: the canary has to be too slow by both.
    """
    if min(champion.scorings, canary.scorings) < SCORINGS or champion.scoring_seconds <= 0:
        return ""
    each = [counts.scoring_seconds / counts.scorings for counts in (champion, canary)]
    rows = [counts.scoring_seconds / max(counts.predictions, 1) for counts in (champion, canary)]
    slowdown = min(each[1] / each[0], rows[1] / rows[0])
    if slowdown <= spec.max_slowdown:
        return ""
    times = f"{each[1] * 1000:.3g} ms a request against {each[0] * 1000:.3g} ms"
    return f"it scores {slowdown:.1f} times as slowly ({times}); at most {spec.max_slowdown:g}"


def _drifted(drift: Drift, *, champion: VersionCounts, canary: VersionCounts) -> str:
    """Say that the canary's predictions are not those of its training; "" if they are.

    Where the champion's have moved as far, it is the rows that changed, not the canary.
    """
    index, chance = _index(canary)
    if index <= max(drift.retrain, chance) or index - _index(champion)[0] <= chance:
        return ""
    bound = f"more than {max(drift.retrain, chance):.2g} and than the champion's"
    return f"its predictions have an index of {index:.2g} against its training: {bound}"


def _index(counts: VersionCounts) -> tuple[float, float]:
    """Return (population stability index, what chance explains of it); 0 where nothing counted."""
    live, trained = sum(counts.bins.values()), sum(counts.reference.values())
    if live <= 0 or trained <= 0:
        return 0.0, math.inf
    bins = len(used_bins(counts.reference, counts.bins))
    return psi(counts.reference, counts.bins), noise(bins, n_actual=live, n_expected=trained)


def _poorer(quality: Quality, *, champion: VersionCounts, canary: VersionCounts) -> str:
    """Say that the canary earns less, if labels suffice to say so; "" otherwise."""
    if min(champion.labels, canary.labels) < max(quality.min_labels, 2):
        return ""
    (ours, our_error), (theirs, their_error) = _money(champion), _money(canary)
    error = math.hypot(our_error, their_error)
    if theirs >= ours - ERRORS * error:
        return ""
    return f"it earns {theirs:.4g} per decision, the champion {ours:.4g}, give or take {error:.2g}"


def _money(counts: VersionCounts) -> tuple[float, float]:
    """Return money per decision and its standard error."""
    mean = counts.money / counts.labels
    variance = max(counts.money_squared / counts.labels - mean**2, 0.0)
    return mean, math.sqrt(variance / (counts.labels - 1))


def _compared(quality: Quality, champion: VersionCounts, canary: VersionCounts) -> str:
    if min(champion.labels, canary.labels) < max(quality.min_labels, 2):
        return "too few labels to compare money"
    return f"it earns {_money(canary)[0]:.4g} per decision, the champion {_money(champion)[0]:.4g}"
