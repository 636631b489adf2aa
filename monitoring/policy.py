"""When a retraining may start: one pure function over what ran before.

run      start it now, and call Ledger.finish when it ended
defer    it would run, but must wait: another run, the cooldown, too few new labels
skip     it will not run: no accepted reason, already answered, the budget is spent
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from mdlc.core.spec.base import format_duration
from mdlc.core.spec.retrain import Retrain

MANUAL = "manual"

Rule = Literal["ok", "reasons", "duplicate", "running", "budget", "cooldown", "labels"]


class Run(NamedTuple):
    """One run of the past, or the one that goes on (`finished` is None)."""

    id: str
    time: datetime
    reasons: frozenset[str]
    cost: float
    finished: datetime | None


class Request(NamedTuple):
    """A wish to retrain. `force` lets a manual one exceed the budget."""

    time: datetime
    reasons: frozenset[str]
    new_labels: int
    force: bool = False


class Ruling(NamedTuple):
    """The decision, the rule that made it, and the same in plain words."""

    decision: Literal["run", "skip", "defer"]
    rule: Rule
    why: str


def accepted(reasons: frozenset[str], *, policy: Retrain) -> frozenset[str]:
    """Return the reasons that may start a run: those of retrain.when, and a person's."""
    return reasons & {MANUAL, *policy.when}


def rule(request: Request, *, policy: Retrain, runs: Sequence[Run]) -> Ruling:
    """Decide about `request`, given all `runs` so far in the order of their start.

    A manual request is not held to retrain.when, min_new_labels and the cooldown, and answers no
    alert twice. Nothing exceeds one run at a time; only a forced manual one exceeds the budget.
    """
    reasons = accepted(request.reasons, policy=policy)
    if not reasons:
        asked = ", ".join(sorted(request.reasons)) or "nothing"
        allowed = ", ".join(policy.when) or "nothing"
        return Ruling("skip", "reasons", f"{asked} asked; retrain.when has {allowed}")
    manual = MANUAL in reasons
    last = runs[-1] if runs else None
    if last is not None and (last.finished is None or not manual):
        waits = _after(last, request.time, reasons, policy.cooldown)
        if waits:
            return waits
    spent = "" if manual and request.force else _spent(request.time, policy, runs)
    if spent:
        return Ruling("skip", "budget", spent)
    if not manual and request.new_labels < policy.min_new_labels:
        why = f"{request.new_labels} new labels since the last run, {policy.min_new_labels} needed"
        return Ruling("defer", "labels", why)
    return Ruling("run", "ok", f"{', '.join(sorted(reasons))}: within cooldown and budget")


def due(time: datetime, *, policy: Retrain, runs: Sequence[Run], since: datetime | None) -> bool:
    """Say whether retrain.every has passed since the last run began, or since `since`.

    `since` is when the serving model was trained; without it and without a run, it is due.
    """
    if "schedule" not in policy.when or policy.every is None:
        return False
    starts = [run.time for run in runs] + ([since] if since else [])
    return not starts or time - max(starts) >= policy.every


def _after(
    last: Run, time: datetime, reasons: frozenset[str], cooldown: timedelta
) -> Ruling | None:
    """Return what the last run means for a request at `time`; None if it is long over."""
    running = last.finished is None
    until = (last.finished or time) + cooldown
    if not running and time >= until:
        return None
    state = "is running" if running else "ended less than the cooldown ago"
    if reasons <= last.reasons:
        return Ruling("skip", "duplicate", f"run {last.id} for the same reasons {state}")
    if running:
        return Ruling("defer", "running", f"run {last.id} {state}; one at a time")
    why = f"the cooldown of {format_duration(cooldown)} ends {until.isoformat()}"
    return Ruling("defer", "cooldown", why)


def _spent(time: datetime, policy: Retrain, runs: Sequence[Run]) -> str:
    """Say why one more run would exceed the budget of `time`'s calendar month (UTC), or ""."""
    month = _month(time)
    started = [run for run in runs if _month(run.time) == month]
    if len(started) >= policy.max_per_month:
        return f"{len(started)} runs began this month, max_per_month is {policy.max_per_month}"
    money = sum(run.cost for run in started) + policy.cost_per_run
    bound = policy.money_per_month
    if bound is not None and money > bound:
        return f"one more run makes {money:g} this month, money_per_month is {bound:g}"
    return ""


def _month(time: datetime) -> tuple[int, int]:
    there = time.astimezone(UTC)
    return there.year, there.month
