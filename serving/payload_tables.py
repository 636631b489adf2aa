"""The payload log's tables and engine: SQLite in a file here, PostgreSQL on a cluster."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from mdlc.core.errors import StorageError

SCHEMA = sa.MetaData()
LOCK = 0x6D646C63_6C6F67
"""Key of PostgreSQL's advisory lock while tables are created: "mdlclog" in ASCII."""
PATIENCE = {"connect_timeout": 2, "tcp_user_timeout": 5000}
"""Time limits of libpq, in s and ms. A database whose node is gone never answers, and predictions
wait while an attempt to write them goes on."""
PREDICTIONS = sa.Table(
    "predictions",
    SCHEMA,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("time", sa.DateTime, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("features", sa.JSON, nullable=False),
    sa.Column("scores", sa.JSON, nullable=False),
    sa.Column("action", sa.String(256), nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("expected", sa.Double),
)
"""One row for each prediction. Times are UTC without zone. `features` is feature -> raw value, null
if missing (images scaled and flat); `scores` is class -> probability, {} for regression."""

LABELS = sa.Table(
    "labels",
    SCHEMA,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("time", sa.DateTime, nullable=False, index=True),
    sa.Column("received", sa.DateTime, nullable=False),
)
"""One row for each label: when it became known (`time`) and when it came (`received`)."""

CORRECTIONS = sa.Table(
    "corrections",
    SCHEMA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(128), nullable=False, index=True),
    sa.Column("was", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("received", sa.DateTime, nullable=False),
)
"""One row for each label that another one took the place of: what it said, and why it is gone."""


def _dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def open_engine(url: str, *, name: str, busy_seconds: float) -> sa.Engine:
    """Connect, and create missing tables.

    Lifecycles share a PostgreSQL database: each has its tables in a schema called `name`.

    Raises:
        StorageError: the database does not open.
    """
    shown = "URL"  # a URL that does not parse may contain a password anywhere
    try:
        made = sa.make_url(url)
        # libpq takes a password as a parameter, too: no parameter is shown.
        shown = made.set(query={}).render_as_string(hide_password=True)
        engine = sa.create_engine(
            made,
            json_serializer=_dumps,
            json_deserializer=orjson.loads,
            pool_pre_ping=True,
            connect_args=PATIENCE if made.get_backend_name() == "postgresql" else {},
        )
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _sqlite_settings(busy_seconds))
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(schema_translate_map={None: name})
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # Replicas may start together, and CREATE ... IF NOT EXISTS is not safe then.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                connection.execute(sa.schema.CreateSchema(name, if_not_exists=True))
            SCHEMA.create_all(connection)
    except (sa.exc.SQLAlchemyError, ImportError, ValueError, TypeError) as error:
        raise StorageError(
            f"the payload log {shown} does not open: {type(error).__name__}",
            hint="check the URL, the folder and its permissions",
        ) from error
    return engine


def _sqlite_settings(busy_seconds: float) -> Any:
    """Return the listener that sets up each connection, with readers and a writer in parallel.

    WAL with synchronous NORMAL does not wait for the disk at each commit. After a power cut the
    last commits may be lost, but the file is not damaged (sqlite.org/wal.html).
    """

    def ready(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()

    return ready
