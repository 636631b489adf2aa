"""The ledger: every decision about retraining, and at most one run at a time.

The same code runs on SQLite (one machine) and PostgreSQL (a cluster). Each call is one transaction
that excludes all others: BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL. A partial
unique index says "one running" once more, to whoever else writes into the table.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from mdlc.core.documents.watch import Verdict
from mdlc.core.errors import ArtifactError, RefusedError, ServiceError, closest
from mdlc.core.spec.base import format_duration
from mdlc.core.spec.retrain import Retrain
from mdlc.monitoring import policy
from mdlc.monitoring.samples import seconds

REPEATS = "repeats"
"""The key in a verdict's evidence that counts how often the same was asked again that day."""
LOCK = 0x6D646C63  # "mdlc": the advisory lock's number on PostgreSQL
TIMEOUT_SECONDS = 30

METADATA = sa.MetaData()
VERDICTS = sa.Table(
    "mdlc_verdicts",
    METADATA,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("running", sa.Boolean, nullable=False),
    sa.Column("cost", sa.Double, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
)
sa.Index(
    "mdlc_one_running",
    VERDICTS.c.model,
    unique=True,
    sqlite_where=VERDICTS.c.running,
    postgresql_where=VERDICTS.c.running,
)


class Ledger:
    """The verdicts about one model, in the database at `url`."""

    def __init__(self, url: str, *, retrain: Retrain, model: str) -> None:
        self._engine = _connect(url)
        self._retrain = retrain
        self._model = model
        with self._alone() as connection:
            METADATA.create_all(connection)

    def decide(
        self,
        *,
        time: datetime,
        reasons: Sequence[str],
        evidence: dict[str, Any],
        new_labels: int,
        force: bool = False,
    ) -> Verdict:
        """Decide whether a retraining starts at `time`, and record it with its evidence.

        `reasons` are those of firing alerts, "schedule" when `due`, or "manual"; `new_labels` came
        since the last run. A decision "run" counts as running until `finish`. The same question
        with the same answer on the same day (UTC) returns the earlier verdict, whose evidence
        counts its repeats. The rules and their order are those of `policy.rule`.

        Raises:
            DataError: `time` has no zone.
            ServiceError: the database does not answer.
        """
        seconds(time)
        request = policy.Request(time, frozenset(reasons), new_labels, force)
        with self._alone() as connection:
            runs = self._runs(connection)
            ruling = policy.rule(request, policy=self._retrain, runs=runs)
            shown = policy.accepted(request.reasons, policy=self._retrain) or request.reasons
            key = {
                "day": time.astimezone(UTC).date().isoformat(),
                "decision": ruling.decision,
                "rule": ruling.rule,
                "reasons": json.dumps(sorted(shown)),
            }
            earlier = None if ruling.decision == "run" else self._same(connection, key)
            if earlier is not None:
                return self._repeat(connection, earlier)
            number = self._next(connection)
            verdict = Verdict(
                id=f"{self._model}-{number:04d}",
                time=time,
                reasons=sorted(shown),
                decision=ruling.decision,
                why=ruling.why,
                evidence={**json.loads(json.dumps(evidence, default=str)), REPEATS: 0},
            )
            self._insert(connection, number, key, verdict)
            return verdict

    def finish(
        self,
        id: str,
        *,
        time: datetime,
        outcome: Literal["promoted", "refused", "failed"],
        detail: str,
    ) -> Verdict:
        """Record how a run ended. The same end twice changes nothing.

        Raises:
            ArtifactError: no run has this id.
            RefusedError: it ended already in another way (it was abandoned, say).
        """
        seconds(time)
        with self._alone() as connection:
            runs = {verdict.id: verdict for verdict in self._select(connection, decision="run")}
            if id not in runs:
                raise ArtifactError(f"the ledger has no run {id}", hint=closest(id, runs))
            verdict = runs[id]
            if verdict.outcome and verdict.outcome != outcome:
                raise RefusedError(
                    f"run {id} cannot end {outcome}: it ended {verdict.outcome}",
                    hint=verdict.detail or "start a new run",
                )
            return (
                verdict
                if verdict.outcome
                else self._end(connection, verdict, time, outcome, detail)
            )

    def abandon_stale(self, time: datetime, older_than: timedelta) -> list[Verdict]:
        """End as failed what began at least `older_than` before `time` and never ended.

        For runs whose process was killed; a run that still goes on is refused when it finishes.
        """
        seconds(time)
        detail = f"abandoned: it did not end within {format_duration(older_than)}"
        with self._alone() as connection:
            return [
                self._end(connection, verdict, time, "failed", detail)
                for verdict in self._select(connection, decision="run", running=True)
                if time - verdict.time >= older_than
            ]

    def due(self, time: datetime, *, since: datetime | None = None) -> bool:
        """Say whether "schedule" is a reason at `time`; the serving model was made at `since`."""
        with self._alone() as connection:
            runs = self._runs(connection)
        return policy.due(time, policy=self._retrain, runs=runs, since=since)

    def all(self) -> list[Verdict]:
        """Return every verdict, oldest first."""
        with self._alone() as connection:
            return self._select(connection)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that no other ledger's can overlap."""
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                yield connection
        except sa.exc.OperationalError as error:
            raise ServiceError(
                f"the ledger's database does not answer: {error.orig}",
                hint="check that it runs and that its folder can be written",
            ) from error

    def _mine(self, **values: object) -> sa.ColumnElement[bool]:
        wanted = [VERDICTS.c[name] == value for name, value in values.items()]
        return sa.and_(VERDICTS.c.model == self._model, *wanted)

    def _select(self, connection: sa.Connection, **values: object) -> list[Verdict]:
        query = sa.select(VERDICTS.c.verdict).where(self._mine(**values))
        rows = connection.execute(query.order_by(VERDICTS.c.number)).scalars()
        return [Verdict.model_validate_json(text) for text in rows]

    def _runs(self, connection: sa.Connection) -> list[policy.Run]:
        query = sa.select(VERDICTS.c.verdict, VERDICTS.c.cost).where(self._mine(decision="run"))
        rows = connection.execute(query.order_by(VERDICTS.c.number))
        verdicts = [(Verdict.model_validate_json(text), cost) for text, cost in rows]
        return [
            policy.Run(run.id, run.time, frozenset(run.reasons), cost, run.finished)
            for run, cost in verdicts
        ]

    def _same(self, connection: sa.Connection, key: dict[str, str]) -> Verdict | None:
        earlier = self._select(connection, **key)
        return earlier[-1] if earlier else None

    def _repeat(self, connection: sa.Connection, earlier: Verdict) -> Verdict:
        evidence = {**earlier.evidence, REPEATS: earlier.evidence[REPEATS] + 1}
        return self._store(connection, earlier.model_copy(update={"evidence": evidence}))

    def _end(
        self, connection: sa.Connection, run: Verdict, time: datetime, outcome: str, detail: str
    ) -> Verdict:
        ended = {"outcome": outcome, "finished": time, "detail": detail}
        return self._store(connection, run.model_copy(update=ended))

    def _store(self, connection: sa.Connection, verdict: Verdict) -> Verdict:
        running = verdict.decision == "run" and not verdict.outcome
        values = {"verdict": verdict.model_dump_json(), "running": running}
        connection.execute(sa.update(VERDICTS).where(self._mine(id=verdict.id)).values(values))
        return verdict

    def _next(self, connection: sa.Connection) -> int:
        newest = sa.select(sa.func.max(VERDICTS.c.number)).where(self._mine())
        return int(connection.execute(newest).scalar() or 0) + 1

    def _insert(
        self, connection: sa.Connection, number: int, key: dict[str, str], verdict: Verdict
    ) -> None:
        run = verdict.decision == "run"
        row = {
            "model": self._model,
            "number": number,
            "id": verdict.id,
            "running": run,
            "cost": self._retrain.cost_per_run if run else 0.0,
            "verdict": verdict.model_dump_json(),
            **key,
        }
        connection.execute(sa.insert(VERDICTS).values(row))


def _connect(url: str) -> sa.Engine:
    """Return an engine whose connections last one transaction; SQLite's begin by taking its lock.

    pysqlite would begin a transaction at the first write only, after the reads that it rests on;
    so its own is switched off (SQLAlchemy, "SQLite transactions with the sqlite3 driver").
    """
    if sa.make_url(url).get_backend_name() != "sqlite":
        return sa.create_engine(url, poolclass=sa.pool.NullPool)
    arguments = {"timeout": TIMEOUT_SECONDS}
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args=arguments)

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
