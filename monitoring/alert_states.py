"""Turns conditions into alerts that are pending, firing or resolved, and keeps them over restarts.

    not met ── met ──> pending ── met for monitor.hold ──> firing ── not met ──> resolved
                          └── not met or unknown ──> forgotten (a flapping condition starts again)

An unknown condition (too little data) neither resolves a firing alert nor begins one. An alert's
reason to retrain also counts only once it has lasted for monitor.hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from mdlc.core.files import Document, read_document, write_document
from mdlc.monitoring.alert_conditions import AlertCondition
from mdlc.state.watch_documents import Alert, Observation


class TrackedAlert(Document):
    """A pending or firing alert, its reason to retrain, and since when it has had that reason."""

    alert: Alert
    reason: str
    reason_since: datetime


class AlertState(Document):
    """alerts.json: the alerts, and their version, as of the newest observation."""

    version: str = ""
    time: datetime | None = None
    standing: list[TrackedAlert] = []


def reasons(observation: Observation) -> list[str]:
    """Return the reasons to retrain that firing alerts give, sorted, each once."""
    firing = [alert for alert in observation.alerts if alert.state == "firing"]
    return sorted({alert.reason for alert in firing if alert.reason})


def advance(
    state: AlertState,
    conditions: Sequence[AlertCondition],
    *,
    version: str,
    time: datetime,
    hold: timedelta,
) -> tuple[AlertState, list[Alert]]:
    """Return the state after `time`, and the alerts that are active or were resolved at `time`.

    If `version` is not the state's, the state's alerts are about a model that no longer serves, and
    they are resolved.
    """
    replaced = state.version not in {"", version}
    ended = []
    if replaced:
        ended = [
            _resolve(old.alert, time, f"replaced by version {version}: ") for old in state.standing
        ]
    before = {} if replaced else {_key(old.alert): old for old in state.standing}
    standing = []
    for condition in conditions:
        old = before.pop((condition.name, condition.subject), None)
        if condition.met:
            standing.append(_stand(condition, old, time=time, hold=hold))
        elif old and condition.met is None and old.alert.state == "firing":
            standing.append(old)
        elif old:
            ended.append(_resolve(old.alert, time))
    # Alerts on what is no longer judged (a removed feature, one now ignored) are resolved too.
    ended += [_resolve(old.alert, time) for old in before.values()]
    alerts = [*(item.alert for item in standing), *(alert for alert in ended if alert)]
    return AlertState(version=version, time=time, standing=standing), alerts


class AlertBook:
    """The alerts' state in one file, written atomically: alerts.json."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def update(
        self,
        conditions: Sequence[AlertCondition],
        *,
        version: str,
        time: datetime,
        hold: timedelta,
    ) -> list[Alert]:
        """Advance the state to `time`; return the alerts that are active or were resolved then.

        Raises:
            ArtifactError: the file was altered into something that is not an AlertState.
        """
        state = read_document(self._path, AlertState) if self._path.exists() else AlertState()
        after, alerts = advance(state, conditions, version=version, time=time, hold=hold)
        write_document(self._path, after)
        return alerts


def _key(alert: Alert) -> tuple[str, str]:
    return alert.name, alert.subject


def _stand(
    condition: AlertCondition, old: TrackedAlert | None, *, time: datetime, hold: timedelta
) -> TrackedAlert:
    since = old.alert.since if old else time
    firing = time - since >= hold
    reason_since = old.reason_since if old and old.reason == condition.reason else time
    held = time - reason_since >= hold
    alert = Alert(
        name=condition.name,
        severity=condition.severity,
        state="firing" if firing else "pending",
        since=since,
        summary=condition.summary,
        value=condition.value,
        bound=condition.bound,
        reason=condition.reason if held or not firing else "",
        subject=condition.subject,
    )
    return TrackedAlert(alert=alert, reason=condition.reason, reason_since=reason_since)


def _resolve(alert: Alert, time: datetime, why: str = "") -> Alert | None:
    """Return the alert as resolved at `time`; None if it had not fired."""
    if alert.state != "firing":
        return None
    update = {"state": "resolved", "since": time, "summary": why + alert.summary, "reason": ""}
    return alert.model_copy(update=update)
