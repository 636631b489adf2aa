"""SQL expressions of the file: parsed before they run, so that an error names their place.

What an expression may say is the rule of `mdlc.core.sql`. The dialect is DuckDB's; sqlglot writes
what the engine gets, so another engine can run the same.
"""

from __future__ import annotations

from typing import Any

from mdlc.core import engine, sql
from mdlc.core.errors import SpecError, closest


def parse(text: str, *, where: str) -> Any:
    """Return the sqlglot tree of one scalar expression.

    Raises:
        SpecError: `text` is not SQL, is more than one expression, or says what none may.
    """
    try:
        return sql.parse(text)
    except sql.SqlError as error:
        raise SpecError(str(error), where=where) from error


def check(text: str, *, known: list[str], where: str) -> None:
    """Find a column that the expression names and the table lacks.

    Raises:
        SpecError: names the column and the nearest that there is.
    """
    from sqlglot import exp

    tree = parse(text, where=where)
    there = {name.lower() for name in known}
    for column in tree.find_all(exp.Column):
        name = column.parts[0].name  # a.b may be field b of the struct a
        if name.lower() not in there:
            hint = closest(name, known) + " (texts have single quotes)" * _quoted(column)
            raise SpecError(f"no column {name} in {text!r}", where=where, hint=hint)


def derive(connection: Any, table: Any, *, column: str, text: str, where: str) -> Any:
    """Return the table with one more column, or with this one replaced.

    Raises:
        SpecError: the engine refuses the expression (types, unknown function).
    """
    computed = _sql(text, where=where)
    kept = [name for name in table.columns if name.lower() != column.lower()]
    chosen = ", ".join([*(f'"{name}"' for name in kept), f'({computed}) AS "{column}"'])
    return _query(connection, table, select=f"SELECT {chosen} FROM t", text=text, where=where)  # noqa: S608


def keep(connection: Any, table: Any, *, text: str, where: str) -> Any:
    """Return the rows that meet a condition.

    Raises:
        SpecError: the engine refuses the condition.
    """
    select = f"SELECT * FROM t WHERE ({_sql(text, where=where)})"  # noqa: S608
    return _query(connection, table, select=select, text=text, where=where)


def _query(connection: Any, table: Any, *, select: str, text: str, where: str) -> Any:
    import duckdb

    try:
        return engine.query(connection, table, select=select)
    except duckdb.Error as error:
        raise SpecError(f"{text!r}: {engine.first_line(error)}", where=where) from error


def _sql(text: str, *, where: str) -> str:
    """Return the SQL that the engine gets: written from the tree, not the author's text."""
    try:
        return sql.render(text)
    except sql.SqlError as error:
        raise SpecError(str(error), where=where) from error


def _quoted(column: Any) -> bool:
    return bool(column.this.args.get("quoted"))
