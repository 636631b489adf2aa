"""The engine under Ibis: DuckDB here, told the same things by every stage that opens it.

Time zones are UTC, so that `hour(time)` in a user's expression means the same on every machine.

Expressions come from a file, and whoever may write a file may not read the machine. `mdlc.core.sql`
decides what an expression may say; here the engine is shut as well, should one get past it: it
opens files only in the folders that the stage names, loads no extensions, and its settings are
locked. A query ends after a time, and its memory has a bound.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from mdlc.core.errors import SpecError, StageError, shortened
from mdlc.core.masking import without_values

SECONDS_VARIABLE, MEMORY_VARIABLE = "MDLC_QUERY_SECONDS", "MDLC_QUERY_MEMORY"
"""Set by the machine's owner: the most that any file may ask for."""
MAX_SECONDS = 6 * 3600
"""Of one query where the owner says nothing. The file's own default is shorter."""
RUNTIME = ("Conversion", "Out of Range", "Invalid Input", "Constraint", "Serialization")
"""Kinds of errors that the engine meets in the rows, so that they quote values."""
KINDS = (*RUNTIME, "Binder", "Parser", "Catalog", "IO", "Permission", "Out of Memory")


def connect(
    *,
    scratch: Path | None = None,
    reads: Sequence[Path] | None = None,
    timeout: timedelta | None = None,
    memory: str = "",
) -> Any:
    """Open DuckDB through Ibis; what does not fit into memory is spilled into `scratch`.

    With `reads` it is shut: files are opened only there and in `scratch`, each a folder with all
    that is in it, or a file. `timeout` bounds each query and `memory`, such as 4GB, all of them
    together; the owner's bounds win where they are lower.

    Raises:
        SpecError: `memory`, or one of the owner's bounds, is not an amount.
    """
    import ibis

    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    # In a notebook without ipywidgets DuckDB has none, and refuses even to be told so.
    (bar,) = connection.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()
    if bar:
        connection.raw_sql("SET enable_progress_bar = false")
    if scratch is not None:
        connection.raw_sql(f"SET temp_directory = {quoted(str(scratch))}")
    if reads is not None:
        _bound(connection, timeout=timeout, memory=memory)
        _shut(connection, [*reads, *([scratch] if scratch is not None else [])])
    return connection


def _bound(connection: Any, *, timeout: timedelta | None, memory: str) -> None:
    """Give time and memory their bounds; the default of memory is the engine's, 80 % of it all."""
    most = os.environ.get(SECONDS_VARIABLE) or str(MAX_SECONDS)
    if not most.isdigit() or not int(most):
        raise SpecError(f"{SECONDS_VARIABLE} is {most!r}, not a number of seconds")
    asked = timeout.total_seconds() if timeout else float(most)
    connection.raw_sql(f"SET max_execution_time = {max(1, int(min(asked, int(most)) * 1000))}")
    amounts = [a for a in (memory, os.environ.get(MEMORY_VARIABLE, "")) if a]
    if amounts:
        connection.raw_sql(f"SET memory_limit = '{min(map(bytes_of, amounts)) // 1000}KB'")


def bytes_of(amount: str) -> int:
    """Return an amount of memory such as 512MB or 8GiB in bytes.

    Raises:
        SpecError: it is none.

    >>> bytes_of("2KB"), bytes_of("1GiB")
    (2000, 1073741824)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT])(i?)B?", amount)
    if not found or float(found[1]) == 0:
        raise SpecError(f"{shortened(amount)!r} is not an amount of memory such as 512MB or 8GB")
    unit = 1024 if found[3] else 1000
    return int(float(found[1]) * unit ** ("KMGT".index(found[2]) + 1))


def _shut(connection: Any, places: Sequence[Path]) -> None:
    """Let the engine open files in `places` only, for good; nobody turns it back."""
    # As it is named and where it leads: the engine compares names.
    found = dict.fromkeys(path for place in places for path in (place.absolute(), place.resolve()))
    folders = ", ".join(quoted(str(place)) for place in found if place.is_dir())
    files = ", ".join(quoted(str(place)) for place in found if not place.is_dir())
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        f"allowed_directories = [{folders}]",
        f"allowed_paths = [{files}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.raw_sql(f"SET {setting}")


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


def exhausted(error: BaseException, *, stage: str) -> StageError | None:
    """Return what to tell of a query that met one of its bounds; None for another error."""
    import duckdb

    if isinstance(error, duckdb.InterruptException) or "INTERRUPT Error" in str(error):  # Arrow's
        return StageError(
            f"{stage}: a query took longer than it may",
            where="spec.data.limits.timeout",
            hint=f"make the expressions simpler, or raise it (up to {SECONDS_VARIABLE})",
        )
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return StageError(
            f"{stage}: a query needs more memory than it may have",
            where="spec.data.limits.memory",
            hint=f"use fewer rows or a larger machine, or raise it (up to {MEMORY_VARIABLE})",
        )
    return None


def first_line(error: BaseException, *, at_most: int = 200) -> str:
    """Return the line of an engine's error that says what is wrong, without its class or query.

    A value of a row is not shown: its column may be sensitive, or made of one that is.

    >>> first_line(ValueError("Conversion Error: Could not convert string 'Ann' to INT32"))
    "Could not convert string '...' to INT32"
    """
    text = str(error).strip() or type(error).__name__
    for kind in KINDS:
        if text.startswith(f"{kind} Error: "):
            text = text.removeprefix(f"{kind} Error: ")
            return shortened(without_values(text) if kind in RUNTIME else _line(text), at_most)
    return shortened(_line(text), at_most)


def _line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
