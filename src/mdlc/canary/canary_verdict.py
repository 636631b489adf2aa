"""Decides whether a canary is promoted, rolled back, or goes on; a pure function of both counts.

A canary is rolled back as soon as one of these is certain enough, tested in this order: it fails
too often, it is too slow, its predictions are distributed otherwise than in training, it earns less
than the champion. It is promoted once it has answered enough predictions for long enough and none
of these holds.
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
from mdlc.monitoring.signals import standard_error

ERRORS = 3
"""A difference in money of more than this many standard errors is taken for real."""
SCORINGS = 30
"""Requests that each version must have scored before their times are compared."""


@dataclass(frozen=True)
class VersionCounts:
    """What one version counted since the canary began."""

    predictions: float = 0
    """Rows that it answered with a prediction."""
    failures: float = 0
    """Rows that it failed to score; not counted in `predictions`."""
    scorings: float = 0
    """Calls of the model, one for each request that had rows for this version."""
    scoring_seconds: float = 0
    """Total time of these calls, in seconds."""
    bins: Mapping[str, float] = field(default_factory=dict)
    """Bin of the prediction -> rows."""
    reference: Mapping[str, float] = field(default_factory=dict)
    """Bin of the prediction -> training rows."""
    labels: float = 0
    money: float = 0
    """Sum of what its labelled decisions earned."""
    money_squared: float = 0
    """Sum of the squares of what each labelled decision earned."""


@dataclass(frozen=True)
class CanaryVerdict:
    """What to do with a canary, and why."""

    action: Literal["wait", "promote", "roll_back"]
    why: str
    version: str = ""
    """The canary's version; "" if there is no canary."""


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

    >>> judge_canary(
    ...     Canary(), champion=VersionCounts(), canary=VersionCounts(predictions=10),
    ...     drift=Drift(), quality=Quality(), elapsed=timedelta(hours=2),
    ... ).why
    'it has answered 10 of 200 predictions'
    """
    asked = canary.predictions + canary.failures
    # Roll back as soon as there are too many failures even if all further predictions, up to
    # min_predictions, succeed.
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
    """Return why the canary is too slow; "" if it is not, or if that is not certain.

    Champion and canary may get different numbers of rows per call, and the time of a call grows
    with its rows by an unknown amount. So the canary counts as too slow only if it is slower both
    per call and per row.
    """
    if min(champion.scorings, canary.scorings) < SCORINGS or champion.scoring_seconds <= 0:
        return ""
    each = [counts.scoring_seconds / counts.scorings for counts in (champion, canary)]
    rows = [counts.scoring_seconds / max(counts.predictions, 1) for counts in (champion, canary)]
    slowdown = min(each[1] / each[0], rows[1] / rows[0])
    if slowdown <= spec.max_slowdown:
        return ""
    times = f"{each[1] * 1000:.3g} ms a request against {each[0] * 1000:.3g} ms"
    return f"it scores {slowdown:.3g} times as slowly ({times}); at most {spec.max_slowdown:g}"


def _drifted(drift: Drift, *, champion: VersionCounts, canary: VersionCounts) -> str:
    """Return why the canary's predictions differ from those in training; "" if they do not.

    If the champion's predictions have moved as far, the rows changed, and the canary is not blamed.
    """
    index, chance = _index(canary)
    if index <= max(drift.retrain, chance) or index - _index(champion)[0] <= chance:
        return ""
    bound = f"more than {max(drift.retrain, chance):.2g} and than the champion's"
    return f"its predictions have an index of {index:.2g} against its training: {bound}"


def _index(counts: VersionCounts) -> tuple[float, float]:
    """Return the population stability index and the part of it that chance explains.

    Both are 0 if nothing was counted.
    """
    live, trained = sum(counts.bins.values()), sum(counts.reference.values())
    if live <= 0 or trained <= 0:
        return 0.0, math.inf
    bins = len(used_bins(counts.reference, counts.bins))
    return psi(counts.reference, counts.bins), noise(bins, n_actual=live, n_expected=trained)


def _poorer(quality: Quality, *, champion: VersionCounts, canary: VersionCounts) -> str:
    """Return why the canary earns less; "" if it does not, or if there are too few labels."""
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
    return mean, standard_error(mean, counts.money_squared, n=counts.labels)


def _compared(quality: Quality, champion: VersionCounts, canary: VersionCounts) -> str:
    if min(champion.labels, canary.labels) < max(quality.min_labels, 2):
        return "too few labels to compare money"
    return f"it earns {_money(canary)[0]:.4g} per decision, the champion {_money(champion)[0]:.4g}"
