"""Alerts that stand: what Alertmanager said last, kept until it says resolved or falls silent.

Alertmanager repeats a firing alert every few hours. The trigger keeps them, so that a retraining
that had to wait starts when it may, not hours later. All times are of this machine's clock: when an
alert says that it started decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from mdlc.core.files import Document
from mdlc.monitoring.sample_store import seconds
from mdlc.retraining.ledger_database import ALERTS

STANDS = timedelta(hours=9)
"""An alert that was not repeated for so long no longer stands: two repeats of 4 hours were lost."""
MOST = 1000
"""Alerts kept of one model; the newest are."""


class StandingAlert(Document):
    """One firing alert, as far as it matters here."""

    fingerprint: str
    name: str
    reason: str
    severity: str = ""
    version: str = ""
    """The version that it is about; "" where it says none."""
    text: str = ""
    """What it says, as evidence."""


def receive(
    connection: sa.Connection,
    *,
    model: str,
    time: datetime,
    firing: Sequence[StandingAlert],
    resolved: Sequence[str],
) -> None:
    """Keep the alerts that fire, drop those (by fingerprint) that are resolved or too old."""
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
    """Return the alerts that stand at `time`, in the order in which they came."""
    fresh = ALERTS.c.seen >= seconds(time) - STANDS.total_seconds()
    query = sa.select(ALERTS.c.alert).where(ALERTS.c.model == model, fresh)
    texts = connection.execute(query.order_by(ALERTS.c.seen, ALERTS.c.fingerprint)).scalars()
    return [StandingAlert.model_validate_json(text) for text in texts]


def answer(connection: sa.Connection, *, model: str, reasons: frozenset[str] | None) -> None:
    """Drop the alerts that a run has answered: those with its reasons; None: all.

    An alert that still fires afterwards is repeated, and stands again.
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
