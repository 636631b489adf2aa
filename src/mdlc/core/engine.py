"""The engine under Ibis: DuckDB here, told the same things by every stage that opens it.

Time zones are UTC, so that `hour(time)` in a user's expression means the same on every machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def connect(*, scratch: Path | None = None) -> Any:
    """Open DuckDB through Ibis; what does not fit into memory is spilled into `scratch`."""
    import ibis

    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    # In a notebook without ipywidgets DuckDB has none, and refuses even to be told so.
    (bar,) = connection.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()
    if bar:
        connection.raw_sql("SET enable_progress_bar = false")
    if scratch is not None:
        connection.raw_sql(f"SET temp_directory = {quoted(str(scratch))}")
    return connection


def query(connection: Any, table: Any, *, select: str, name: str = "t") -> Any:
    """Return the table that `select`, SQL over `table` under `name`, makes; nothing is read yet.

    This is Ibis's `Table.sql`, which in Ibis 12 asks DuckDB 2 for a method that it no longer has.
    """
    return view(connection, f"WITH {named(name)} AS ({connection.compile(table)}) {select}")


def view(connection: Any, select: str) -> Any:
    """Return the table that a query makes; nothing is read yet."""
    from ibis import util

    name = util.gen_name("mdlc_view")
    connection.raw_sql(f"CREATE TEMP VIEW {named(name)} AS {select}")
    return connection.table(name)


def quoted(text: str) -> str:
    """Return a text as a literal of SQL.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """Return a column's name as SQL has it.

    >>> named("a b")
    '"a b"'
    """
    return '"' + name.replace('"', '""') + '"'


def cannot_write(error: BaseException) -> bool:
    """Say whether the engine failed to write its output or to spill: the disk is full, mostly."""
    text = str(error)
    return any(sign in text for sign in ("No space left", "Could not write file"))


def first_line(error: BaseException, *, at_most: int = 200) -> str:
    """Return the line of an engine's error that says what is wrong, without its class or query."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    for kind in (
        "Invalid Input",
        "Binder",
        "Conversion",
        "Parser",
        "Catalog",
        "IO",
        "Out of Range",
    ):
        text = text.removeprefix(f"{kind} Error: ")
    return text if len(text) <= at_most else text[: at_most - 3] + "..."
