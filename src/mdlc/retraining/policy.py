"""When a retraining may start: `rule_on`, a pure function of the request and of past runs.

Its decisions:

run      start it now, and call `Ledger.finish` when it has ended
defer    not yet: another run goes on, a canary is on trial, the cooldown, too few new labels, a
         freeze, quiet hours
skip     no: no accepted reason, already answered by an earlier run, the budget is used up
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
    """A past run, or the one that is running (then `finished` is None)."""

    id: str
    time: datetime
    reasons: frozenset[str]
    cost: float
    finished: datetime | None


class PolicyRequest(NamedTuple):
    """A request to retrain."""

    time: datetime
    reasons: frozenset[str]
    new_labels: int
    force: bool = False
    """Lets a manual request pass the budget, freezes and quiet hours."""
    trial: str = ""
    """The version that is on trial as a canary; "" if there is none."""


class Ruling(NamedTuple):
    """The decision, the rule that led to it, and an explanation in plain words."""

    decision: Literal["run", "skip", "defer"]
    rule: Rule
    why: str


class BudgetLeft(NamedTuple):
    """What is left of a month's budget."""

    runs: int
    money: float | None
    """Money that may still be spent; None if the file sets no bound."""
    started: int
    """Runs that began this month."""


def accepted(reasons: frozenset[str], *, policy: Retrain) -> frozenset[str]:
    """Return those of `reasons` that may start a run: the ones in retrain.when, and "manual"."""
    return reasons & {MANUAL, *policy.when}


def rule_on(request: PolicyRequest, *, policy: Retrain, runs: Sequence[PastRun]) -> Ruling:
    """Decide about `request`, given all `runs` so far in the order of their start.

    Rules that block for longest are tested first, so "quiet hours" means that the retraining starts
    when they end. A manual request is exempt from `retrain.when`, `min_new_labels`, the cooldown
    and "already answered"; with `force` also from budget, freezes and quiet hours. Nothing is
    exempt from "one run at a time" and "no run while a canary is on trial". A changed file needs no
    new labels.
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
    """Return whether retrain.every has passed since the last run began, or since `since`.

    `since` is when the serving model was trained. If neither is known, a retraining is due.
    """
    if "schedule" not in policy.when or policy.every is None:
        return False
    starts = [run.time for run in runs] + ([since] if since else [])
    return not starts or time - max(starts) >= policy.every


def _closed(time: datetime, policy: Retrain) -> Ruling | None:
    """Return the ruling of freezes and quiet hours at `time`; None if there is none."""
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
    """Return the ruling because of the last run; None if it does not block a request at `time`."""
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
    """Return what is left of the budget in the calendar month (UTC) of `time`."""
    month = _month(time)
    started = [run for run in runs if _month(run.time) == month]
    money = None
    if policy.money_per_month is not None:
        money = max(0.0, policy.money_per_month - sum(run.cost for run in started))
    return BudgetLeft(max(0, policy.max_per_month - len(started)), money, len(started))


def _spent(time: datetime, policy: Retrain, runs: Sequence[PastRun]) -> str:
    """Return why one more run would exceed the month's budget; "" if it would not."""
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
