"""The reasons to retrain that stand now: unresolved alerts, schedule, new labels, a changed file.

The follower collects them at each look and asks the ledger again, so that a retraining that was
deferred starts as soon as it may.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from mdlc.life.file_changes import known_digest
from mdlc.life.releases import current
from mdlc.life.retraining_request import RetrainingRequest, RunOwner, labels_of
from mdlc.life.spec_digest import spec_digest
from mdlc.retraining.standing_alerts import StandingAlert
from mdlc.state.watch_documents import Verdict
from mdlc.trigger.lifecycle_entry import LifecycleEntry

POLLED = ("schedule", "labels", "changed")
"""Reasons that the trigger finds itself; requests are counted under them as their source."""


class PendingReasons(NamedTuple):
    """Reasons that stand at one time, and evidence for them by reason."""

    reasons: list[str]
    evidence: dict[str, Any]


def alerted(watched: LifecycleEntry, now: datetime) -> PendingReasons:
    """Return the reasons of unresolved alerts, except those about versions that no longer serve."""
    pointer = current(watched.workspace)
    serving = pointer.version if pointer else ""
    alerts = [alert for alert in watched.ledger.standing(now) if alert.version in {"", serving}]
    return PendingReasons(
        sorted({alert.reason for alert in alerts}),
        {"alerts": [_evidence(alert) for alert in alerts[:20]]} if alerts else {},
    )


def _evidence(alert: StandingAlert) -> dict[str, str]:
    return alert.model_dump(include={"name", "reason", "severity", "text"})


def pending_reasons_of(watched: LifecycleEntry, now: datetime) -> PendingReasons:
    """Return all reasons that stand now and that `retrain.when` accepts.

    Raises:
        ServiceError: the ledger or the payload log does not answer.
    """
    when = watched.lifecycle.spec.retrain.when
    reasons, evidence = alerted(watched, now)
    reasons = [reason for reason in reasons if reason in when]
    for reason, detail in (
        ("schedule", _scheduled(watched, now)),
        ("labels", _labelled(watched, now) if "labels" in when else ""),
        ("changed", _changed(watched) if "changed" in when else ""),
    ):
        if detail:
            reasons.append(reason)
            evidence[reason] = detail
    return PendingReasons(reasons, evidence)


def ask_again(watched: LifecycleEntry, now: datetime, *, follower: RunOwner) -> Verdict | None:
    """Ask the ledger for a retraining if any reason stands now.

    Returns:
        The verdict; None if no reason stands, or if no version serves yet.

    Raises:
        ServiceError: the ledger or the payload log does not answer.
    """
    if current(watched.workspace) is None:
        return None
    reasons, evidence = pending_reasons_of(watched, now)
    if not reasons:
        return None
    return watched.ask(RetrainingRequest(now, reasons, evidence), follower=follower)


def _scheduled(watched: LifecycleEntry, now: datetime) -> str:
    pointer = current(watched.workspace)
    due = watched.ledger.due(now, since=pointer.since if pointer else None)
    return "retrain.every has passed" if due else ""


def _labelled(watched: LifecycleEntry, now: datetime) -> str:
    bound = watched.lifecycle.spec.retrain.labels
    new = labels_of(watched.ledger, workspace=watched.workspace, until=now).new
    return f"{new} new labels, retrain.labels is {bound}" if bound and new >= bound else ""


def _changed(watched: LifecycleEntry) -> str:
    """Return how the file differs from the one that the newest training or run read; "" if equal.

    Also "" for a model that was trained by an mdlc that did not record the file's digest yet.
    """
    known, now = known_digest(watched.workspace, watched.ledger), spec_digest(watched.lifecycle)
    return f"from {known[:12]} to {now[:12]}" if known and known != now else ""
