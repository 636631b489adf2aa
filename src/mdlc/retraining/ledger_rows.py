"""One model's rows in the ledger, inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from mdlc.retraining.ledger_database import VERDICTS
from mdlc.retraining.policy import PastRun
from mdlc.state.watch_documents import Verdict


class VerdictKey(NamedTuple):
    """What makes two verdicts the same answer to the same question."""

    day: str
    decision: str
    rule: str
    reasons: str
    """A JSON list."""


class LedgerRows:
    """The rows of `model` in one connection's transaction."""

    def __init__(self, connection: sa.Connection, *, model: str) -> None:
        self.connection = connection
        self._model = model

    def select(self, **values: object) -> list[Verdict]:
        """Return the verdicts whose columns have these values, oldest first."""
        query = sa.select(VERDICTS.c.verdict, VERDICTS.c.rule).where(self._mine(**values))
        return [
            _read(text, rule)
            for text, rule in self.connection.execute(query.order_by(VERDICTS.c.number))
        ]

    def newest(self, *, reasons: str | None = None) -> Verdict | None:
        """Return the newest verdict, or the newest about these reasons."""
        query = sa.select(VERDICTS.c.verdict, VERDICTS.c.rule).where(
            self._mine(**({} if reasons is None else {"reasons": reasons}))
        )
        row = self.connection.execute(query.order_by(VERDICTS.c.number.desc()).limit(1)).first()
        return _read(*row) if row else None

    def runs(self) -> list[PastRun]:
        """Return all runs as the policy sees them, oldest first."""
        query = sa.select(VERDICTS.c.verdict, VERDICTS.c.cost).where(self._mine(decision="run"))
        rows = self.connection.execute(query.order_by(VERDICTS.c.number))
        verdicts = [(Verdict.model_validate_json(text), cost) for text, cost in rows]
        return [
            PastRun(run.id, _began(run), frozenset(run.reasons), cost, run.finished)
            for run, cost in verdicts
        ]

    def times(self) -> Iterator[datetime]:
        """Yield the newest times that are recorded, by a clock that was not wrong."""
        wrong = [run.time for run in self.select(decision="run") if _began(run) < run.time]
        newest = self.newest()
        if newest and not (wrong and newest.time >= min(wrong)):
            yield newest.time
        yield from (run.finished for run in self.runs()[-1:] if run.finished)

    def insert(self, key: VerdictKey, verdict: Verdict, *, cost: float) -> Verdict:
        """Add a verdict under the next number, which makes its id."""
        newest = sa.select(sa.func.max(VERDICTS.c.number)).where(self._mine())
        number = int(self.connection.execute(newest).scalar() or 0) + 1
        named = verdict.model_copy(update={"id": f"{self._model}-{number:04d}"})
        run = verdict.decision == "run"
        row = {
            "model": self._model,
            "number": number,
            "id": named.id,
            "running": run,
            "cost": cost if run else 0.0,
            "verdict": named.model_dump_json(),
            **key._asdict(),
        }
        self.connection.execute(sa.insert(VERDICTS).values(row))
        return named

    def store(self, verdict: Verdict) -> Verdict:
        """Write a verdict over itself."""
        running = verdict.decision == "run" and not verdict.outcome
        values = {"verdict": verdict.model_dump_json(), "running": running}
        self.connection.execute(sa.update(VERDICTS).where(self._mine(id=verdict.id)).values(values))
        return verdict

    def _mine(self, **values: object) -> sa.ColumnElement[bool]:
        wanted = [VERDICTS.c[name] == value for name, value in values.items()]
        return sa.and_(VERDICTS.c.model == self._model, *wanted)


def _began(run: Verdict) -> datetime:
    """Return when a run began; one that ended before has shown that the clock was wrong then."""
    return min(run.time, run.finished or run.time)


def _read(text: str, rule: str) -> Verdict:
    """Return the document; those of earlier versions had the rule in its column only."""
    verdict = Verdict.model_validate_json(text)
    return verdict if verdict.rule else verdict.model_copy(update={"rule": rule})
