"""One model's rows in the ledger, inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from mdlc.core.errors import ArtifactError, RefusedError, closest
from mdlc.retraining.ledger_database import VERDICTS
from mdlc.retraining.policy import PastRun
from mdlc.state.watch_documents import Verdict

AHEAD = timedelta(days=1)
"""A run that began further ahead than this was begun by a wrong clock."""
LEASE_AHEAD = timedelta(hours=1)
"""A lease further ahead than this, and than those that are asked for, is of a wrong clock: void."""


class VerdictKey(NamedTuple):
    """Two verdicts with the same key are the same answer to the same question."""

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

    def run(self, id: str) -> Verdict:
        """Return the run with this id.

        Raises:
            ArtifactError: there is none.
        """
        runs = {verdict.id: verdict for verdict in self.select(decision="run")}
        if id not in runs:
            raise ArtifactError(f"the ledger has no run {id}", hint=closest(id, runs))
        return runs[id]

    def owned(self, id: str, *, owner: str) -> Verdict:
        """Return the run with this id, which `owner` follows.

        Raises:
            ArtifactError: there is none.
            RefusedError: it has ended, or another process follows it.
        """
        verdict = self.run(id)
        if verdict.outcome or verdict.owner != owner:
            ended = f"ended {verdict.outcome}"
            now = ended if verdict.outcome else "is followed by another process"
            raise RefusedError(f"run {id} {now}", hint="leave it")
        return verdict

    def unfollowed(
        self, owner: str, *, now: datetime, longest: timedelta = timedelta()
    ) -> Verdict | None:
        """Return the running run that no process except `owner` follows at `now`, if any.

        A lease may be `longest` ahead, and an hour in any case.
        """
        for run in self.select(decision="run", running=True):
            if run.owner == owner or not held(run, now=now, longest=longest):
                return run
        return None

    def times(self) -> Iterator[datetime]:
        """Yield the time of the newest verdict, and the end of the newest run if it has ended.

        A verdict by a clock that has proved to be wrong does not count.
        """
        wrong = [run.time for run in self.select(decision="run") if _began(run) < run.time]
        newest = self.newest()
        if newest and not (wrong and newest.time >= min(wrong)):
            yield newest.time
        yield from (run.finished for run in self.runs()[-1:] if run.finished)

    def insert(self, key: VerdictKey, verdict: Verdict, *, cost: float) -> Verdict:
        """Add a verdict with the next number, and return it with the id made of that number."""
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
        """Overwrite a verdict that is there already."""
        running = verdict.decision == "run" and not verdict.outcome
        values = {"verdict": verdict.model_dump_json(), "running": running}
        self.connection.execute(sa.update(VERDICTS).where(self._mine(id=verdict.id)).values(values))
        return verdict

    def _mine(self, **values: object) -> sa.ColumnElement[bool]:
        wanted = [VERDICTS.c[name] == value for name, value in values.items()]
        return sa.and_(VERDICTS.c.model == self._model, *wanted)


def held(run: Verdict, *, now: datetime, longest: timedelta = timedelta()) -> bool:
    """Say whether somebody follows a run: its lease has not run out, and is not void."""
    return run.lease is not None and now < run.lease <= now + max(longest, LEASE_AHEAD)


def _began(run: Verdict) -> datetime:
    """Return when a run began; one that ended before has shown that the clock was wrong then."""
    return min(run.time, run.finished or run.time)


def _read(text: str, rule: str) -> Verdict:
    """Return the document; earlier versions of mdlc kept the rule only in its own column."""
    verdict = Verdict.model_validate_json(text)
    return verdict if verdict.rule else verdict.model_copy(update={"rule": rule})
