"""When a retraining may start: one pure function over what ran before.

run      start it now, and call Ledger.finish when it ended
defer    it would run, but must wait: another run, a canary on trial, the cooldown, too few new
         labels, a freeze, quiet hours
skip     it will not run: no accepted reason, already answered, the budget is spent
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from mdlc.core.spec.base import format_duration
from mdlc.core.spec.retrain import Retrain
from mdlc.retraining.quiet_hours import in_freeze, in_quiet_hours

MANUAL = "manual"
CHANGED = "changed"

Rule = Literal[
    "ok",
    "reasons",
    "duplicate",
    "running",
    "canary",
    "cooldown",
    "budget",
    "labels",
    "freeze",
    "quiet",
]


class PastRun(NamedTuple):
    """One run of the past, or the one that goes on (`finished` is None)."""

    id: str
    time: datetime
    reasons: frozenset[str]
    cost: float
    finished: datetime | None


class PolicyRequest(NamedTuple):
    """A wish to retrain."""

    time: datetime
    reasons: frozenset[str]
    new_labels: int
    force: bool = False
    """Lets a manual one pass the budget, a freeze and quiet hours."""
    trial: str = ""
    """The version that is on trial as a canary; "" if there is none."""


class Ruling(NamedTuple):
    """The decision, the rule that made it, and the same in plain words."""

    decision: Literal["run", "skip", "defer"]
    rule: Rule
    why: str


class BudgetLeft(NamedTuple):
    """What a month's budget leaves."""

    runs: int
    money: float | None
    """None: without a bound."""
    started: int
    """Runs that began this month."""


def accepted(reasons: frozenset[str], *, policy: Retrain) -> frozenset[str]:
    """Return the reasons that may start a run: those of retrain.when, and a person's."""
    return reasons & {MANUAL, *policy.when}


def rule_on(request: PolicyRequest, *, policy: Retrain, runs: Sequence[PastRun]) -> Ruling:
    """Decide about `request`, given all `runs` so far in the order of their start.

    What will last longest is asked first, so that "quiet" means: it starts when they end. A manual
    request is not held to retrain.when, min_new_labels and the cooldown, and answers no alert
    twice; with force it passes budget, freezes and quiet hours too. Nothing exceeds one run, or one
    canary, at a time. A changed file needs no new labels: what is new is the file.
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
    if request.trial:
        return Ruling("defer", "canary", f"version {request.trial} is on trial; one at a time")
    forced = manual and request.force
    spent = "" if forced else _spent(request.time, policy, runs)
    if spent:
        return Ruling("skip", "budget", spent)
    if not (manual or CHANGED in reasons) and request.new_labels < policy.min_new_labels:
        why = f"{request.new_labels} new labels since the last run, {policy.min_new_labels} needed"
        return Ruling("defer", "labels", why)
    waits = None if forced else _closed(request.time, policy)
    return waits or Ruling("run", "ok", f"{', '.join(sorted(reasons))}: within cooldown and budget")


def due(
    time: datetime, *, policy: Retrain, runs: Sequence[PastRun], since: datetime | None
) -> bool:
    """Say whether retrain.every has passed since the last run began, or since `since`.

    `since` is when the serving model was trained; without it and without a run, it is due.
    """
    if "schedule" not in policy.when or policy.every is None:
        return False
    starts = [run.time for run in runs] + ([since] if since else [])
    return not starts or time - max(starts) >= policy.every


def _closed(time: datetime, policy: Retrain) -> Ruling | None:
    """Return what the calendar says at `time`; None if nothing is closed."""
    freeze = in_freeze(time, policy.freeze)
    if freeze:
        why = f": {freeze.why}" if freeze.why else ""
        return Ruling("defer", "freeze", f"frozen until {freeze.end.isoformat()}{why}")
    quiet = in_quiet_hours(time, policy.quiet)
    if quiet:
        hours = f"{quiet.start:%H:%M} to {quiet.end:%H:%M} {quiet.zone}"
        return Ruling("defer", "quiet", f"quiet hours, {hours}")
    return None


def _after(
    last: PastRun, time: datetime, reasons: frozenset[str], cooldown: timedelta
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


def budget_left(time: datetime, *, policy: Retrain, runs: Sequence[PastRun]) -> BudgetLeft:
    """Return what the budget of `time`'s calendar month (UTC) leaves."""
    month = _month(time)
    started = [run for run in runs if _month(run.time) == month]
    money = None
    if policy.money_per_month is not None:
        money = max(0.0, policy.money_per_month - sum(run.cost for run in started))
    return BudgetLeft(max(0, policy.max_per_month - len(started)), money, len(started))


def _spent(time: datetime, policy: Retrain, runs: Sequence[PastRun]) -> str:
    """Say why one more run would exceed the month's budget, or ""."""
    month, bound = budget_left(time, policy=policy, runs=runs), policy.money_per_month
    if not month.runs:
        return f"{month.started} runs began this month, max_per_month is {policy.max_per_month}"
    if bound is not None and month.money is not None and policy.cost_per_run > month.money:
        money = bound - month.money + policy.cost_per_run
        return f"one more run makes {money:g} this month, money_per_month is {bound:g}"
    return ""


def _month(time: datetime) -> tuple[int, int]:
    there = time.astimezone(UTC)
    return there.year, there.month
