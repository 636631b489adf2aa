"""The ledger's database: its tables, and transactions that exclude each other.

The same code runs on SQLite (one machine) and PostgreSQL (a cluster). Each call is one transaction
that excludes all others: BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL. A partial
unique index says "one running" once more, to whoever else writes into the table.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from mdlc.core.errors import ServiceError

LOCK = 0x6D646C63  # "mdlc": the advisory lock's number on PostgreSQL
TIMEOUT_SECONDS = 30
POSTGRES = {
    "connect_timeout": 5,
    # A replica that hangs in a transaction must not hold the others for ever.
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
"""`verdict` is the document; what a later version adds to it needs no new column."""
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
"""Alerts that fire as far as we know; `seen` in seconds of the epoch."""


class Database:
    """The database at `url`; the tables that are not there are made."""

    def __init__(self, url: str) -> None:
        self._engine = _connect(url)
        # Transactions exclude each other anyway: threads wait here, not each with a connection.
        self._turn = threading.Lock()
        with self.alone() as connection:
            METADATA.create_all(connection)

    @contextlib.contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that no other ledger's can overlap.

        Raises:
            ServiceError: the database does not answer; nothing was written.
        """
        try:
            with self._turn, self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                yield connection
        except sa.exc.DBAPIError as error:
            if not _away(error):
                raise
            said = " ".join(str(error.orig).split())
            raise ServiceError(
                f"the ledger's database does not answer: {said}",
                hint="check that it runs and that its folder can be written",
            ) from error

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _away(error: sa.exc.DBAPIError) -> bool:
    """Say whether an error is of the database itself, not of what it was asked."""
    kinds = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError)
    return isinstance(error, kinds) or type(error) is sa.exc.DatabaseError


def _connect(url: str) -> sa.Engine:
    """Return an engine whose connections last one transaction; SQLite's begin by taking its lock.

    pysqlite would begin a transaction at the first write only, after the reads that it rests on;
    so its own is switched off (SQLAlchemy, "SQLite transactions with the sqlite3 driver").
    """
    try:
        made = sa.make_url(url)
        if made.get_backend_name() != "sqlite":
            if made.drivername == "postgresql":
                made = made.set(drivername="postgresql+psycopg")
            return sa.create_engine(made, poolclass=sa.pool.NullPool, connect_args=POSTGRES)
    except (sa.exc.ArgumentError, ImportError) as error:
        raise ServiceError(  # the URL may have a password
            f"the ledger's database cannot be used: {type(error).__name__}",
            hint="it is sqlite:///PATH, or postgresql://... with mdlc[postgres] installed",
        ) from error
    arguments = {"timeout": TIMEOUT_SECONDS}
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args=arguments)

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
