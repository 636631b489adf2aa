"""Standing alerts: alerts that Alertmanager reported as firing and has not resolved.

Alertmanager repeats a firing alert only every few hours. The alerts are stored, so that a
retraining that was deferred starts as soon as it may, and not at the next repeat. All times are of
this machine's clock; the start time in an alert is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from mdlc.core.files import Document
from mdlc.retraining.ledger_database import ALERTS
from mdlc.state.unix_time import seconds

STANDS = timedelta(hours=9)
"""An alert not repeated for so long is dropped: two repeats, due every 4 hours, did not come."""
MOST = 1000
"""How many alerts of a model are kept at most: the newest."""


class StandingAlert(Document):
    """The parts of a firing alert that are stored."""

    fingerprint: str
    name: str
    reason: str
    severity: str = ""
    version: str = ""
    """The version that the alert is about; "" if it names none."""
    text: str = ""
    """Its summary and description, kept as evidence."""


def receive(
    connection: sa.Connection,
    *,
    model: str,
    time: datetime,
    firing: Sequence[StandingAlert],
    resolved: Sequence[str],
) -> None:
    """Store the alerts that fire; drop the resolved ones (by fingerprint) and those too old."""
    now = seconds(time)
    mine = ALERTS.c.model == model
    gone = {*resolved, *(alert.fingerprint for alert in firing)}
    old = ALERTS.c.seen < now - STANDS.total_seconds()
    connection.execute(
        sa.delete(ALERTS).where(mine, sa.or_(old, ALERTS.c.fingerprint.in_(sorted(gone))))
    )
    newest = {alert.fingerprint: alert for alert in firing}
    rows = [
        {"model": model, "fingerprint": key, "seen": now, "alert": alert.model_dump_json()}
        for key, alert in newest.items()
    ]
    if rows:
        connection.execute(sa.insert(ALERTS), rows)
    kept = sa.select(ALERTS.c.fingerprint).where(mine)
    kept = kept.order_by(ALERTS.c.seen.desc(), ALERTS.c.fingerprint).limit(MOST)
    connection.execute(sa.delete(ALERTS).where(mine, ALERTS.c.fingerprint.not_in(kept)))


def standing(connection: sa.Connection, *, model: str, time: datetime) -> list[StandingAlert]:
    """Return the alerts that stand at `time`, in the order in which they arrived."""
    fresh = ALERTS.c.seen >= seconds(time) - STANDS.total_seconds()
    query = sa.select(ALERTS.c.alert).where(ALERTS.c.model == model, fresh)
    texts = connection.execute(query.order_by(ALERTS.c.seen, ALERTS.c.fingerprint)).scalars()
    return [StandingAlert.model_validate_json(text) for text in texts]


def answer(connection: sa.Connection, *, model: str, reasons: frozenset[str] | None) -> None:
    """Drop the alerts that a run has answered: those with one of `reasons`; None: all.

    If such an alert still fires, Alertmanager's next repeat stores it again.
    """
    found = connection.execute(
        sa.select(ALERTS.c.fingerprint, ALERTS.c.alert).where(ALERTS.c.model == model)
    )
    done = [
        key
        for key, text in found
        if reasons is None or StandingAlert.model_validate_json(text).reason in reasons
    ]
    connection.execute(
        sa.delete(ALERTS).where(ALERTS.c.model == model, ALERTS.c.fingerprint.in_(done))
    )
