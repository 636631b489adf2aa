"""The ledger's database: its tables, and transactions that exclude each other.

The same code runs on SQLite (one machine) and PostgreSQL (a cluster). Each call is one transaction
that excludes all others about the same model: BEGIN IMMEDIATE on SQLite, an advisory lock on
PostgreSQL. A partial unique index makes sure, for other writers too, that a model has at most one
running row.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import threading
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from mdlc.core.errors import ServiceError

LOCK = 0x6D646C63
"""Key of the advisory locks on PostgreSQL ("mdlc" in ASCII): alone while tables are created, with a
model's number during its transactions."""
TIMEOUT_SECONDS = 30
CONNECTIONS = 4
"""Most connections of a process to one PostgreSQL, for all its models together."""
POSTGRES = {
    "connect_timeout": 5,
    # In ms. Without it, a kept connection to a node that is gone would wait for ever.
    "tcp_user_timeout": 5000,
    # A replica that hangs in a transaction must not block the others for ever.
    "options": f"-c lock_timeout={TIMEOUT_SECONDS}s -c statement_timeout={TIMEOUT_SECONDS}s"
    f" -c idle_in_transaction_session_timeout={TIMEOUT_SECONDS}s",
}

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
"""`verdict` is the whole document as JSON, so a field that is added later needs no new column."""
sa.Index(
    "mdlc_one_running",
    VERDICTS.c.model,
    unique=True,
    sqlite_where=VERDICTS.c.running,
    postgresql_where=VERDICTS.c.running,
)
ALERTS = sa.Table(
    "mdlc_alerts",
    METADATA,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("seen", sa.Double, nullable=False),
    sa.Column("alert", sa.Text, nullable=False),
)
"""Alerts that fire, as far as Alertmanager has said; `seen` is in seconds since the epoch."""


class Database:
    """One model's part of the database at `url`; missing tables are created.

    Raises:
        ServiceError: the URL is wrong, or the database does not answer.
    """

    def __init__(self, url: str, *, model: str) -> None:
        with _answering():
            self._engine = _engine(url)
        self._number = int.from_bytes(hashlib.sha256(model.encode()).digest()[:4], signed=True)
        # Transactions exclude each other anyway, so threads wait here without a connection.
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that excludes all others about the same model.

        Raises:
            ServiceError: the database does not answer; nothing was written.
        """
        with _answering(), self._turn, self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK, self._number)))
            yield connection


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Turn errors of the database server (not those of a wrong statement) into a ServiceError."""
    kinds = (
        sa.exc.OperationalError,
        sa.exc.InterfaceError,
        sa.exc.InternalError,
        sa.exc.TimeoutError,  # no connection of the pool became free
    )
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        if not isinstance(error, kinds) and type(error) is not sa.exc.DatabaseError:
            raise
        said = " ".join(str(getattr(error, "orig", error)).split())
        raise ServiceError(
            f"the ledger's database does not answer: {said}",
            hint="check that it runs and that its folder can be written",
        ) from error


def _engine(url: str) -> sa.Engine:
    """Return an engine of the database at `url`; the tables exist afterwards."""
    try:
        made = sa.make_url(url)
        if made.get_backend_name() != "sqlite":
            if made.drivername == "postgresql":
                made = made.set(drivername="postgresql+psycopg")
            return _postgres(made)
    except (sa.exc.ArgumentError, ImportError, ValueError, TypeError) as error:
        raise ServiceError(  # without the URL, which may contain a password
            f"the ledger's database cannot be used: {type(error).__name__}",
            hint="it is sqlite:///PATH, or postgresql://... with mdlc[postgres] installed",
        ) from error
    engine = _sqlite(made)
    with engine.begin() as connection:
        METADATA.create_all(connection)
    return engine


@functools.cache
def _postgres(url: sa.URL) -> sa.Engine:
    """Return the engine that all models of the process share."""
    engine = sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=TIMEOUT_SECONDS,
        pool_pre_ping=True,
        connect_args=POSTGRES,
    )
    with engine.begin() as connection:
        # Replicas may start at the same time, and CREATE ... IF NOT EXISTS is not safe then.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        METADATA.create_all(connection)
    return engine


def _sqlite(url: sa.URL) -> sa.Engine:
    """Return an engine whose connections last one transaction and begin by taking SQLite's lock.

    pysqlite by itself begins a transaction only at the first write, after the reads on which the
    decision rests. So that is switched off (SQLAlchemy, "SQLite transactions with the sqlite3
    driver").
    """
    arguments = {"timeout": TIMEOUT_SECONDS}
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args=arguments)

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
