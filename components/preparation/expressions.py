"""SQL expressions of the file: parsed before they run, so that an error names their place.

The dialect is DuckDB's. sqlglot writes the SQL that the engine gets, so it can be translated for
another engine.
"""

from __future__ import annotations

from typing import Any

from mdlc.core import engine
from mdlc.core.errors import SpecError, closest


def parse(text: str, *, where: str) -> Any:
    """Return the sqlglot tree of one scalar expression.

    Raises:
        SpecError: `text` is not SQL, or is more than one expression.
    """
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(f"SELECT {text}", read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        reason = engine.first_line(error).split(". Line")[0]
        raise SpecError(f"{text!r} is not SQL: {reason}", where=where) from error
    select = statements[0] if len(statements) == 1 else None
    parts = {key for key, value in select.args.items() if value} if select else set()
    if not isinstance(select, exp.Select) or parts - {"expressions", "kind"}:
        raise SpecError(f"{text!r} is not one SQL expression", where=where)
    if len(select.expressions) != 1 or isinstance(select.expressions[0], exp.Alias | exp.Star):
        raise SpecError(f"{text!r} is not one SQL expression", where=where)
    return select.expressions[0].copy()  # without its SELECT, which would look like a subquery


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
        if name.lower() not in there and column.find_ancestor(exp.Query) is None:
            hint = closest(name, known) + " (texts have single quotes)" * _quoted(column)
            raise SpecError(f"no column {name} in {text!r}", where=where, hint=hint)


def derive(connection: Any, table: Any, *, column: str, text: str, where: str) -> Any:
    """Return the table with one more column, or with this one replaced.

    Raises:
        SpecError: the engine refuses the expression (types, unknown function).
    """
    tree = parse(text, where=where)
    kept = [name for name in table.columns if name.lower() != column.lower()]
    chosen = ", ".join([*(f'"{name}"' for name in kept), f'({_sql(tree)}) AS "{column}"'])
    return _query(connection, table, select=f"SELECT {chosen} FROM t", text=text, where=where)  # noqa: S608


def keep(connection: Any, table: Any, *, text: str, where: str) -> Any:
    """Return the rows that meet a condition.

    Raises:
        SpecError: the engine refuses the condition.
    """
    select = f"SELECT * FROM t WHERE ({_sql(parse(text, where=where))})"  # noqa: S608
    return _query(connection, table, select=select, text=text, where=where)


def _query(connection: Any, table: Any, *, select: str, text: str, where: str) -> Any:
    import duckdb

    try:
        return engine.query(connection, table, select=select)
    except duckdb.Error as error:
        raise SpecError(f"{text!r}: {engine.first_line(error)}", where=where) from error


def _sql(tree: Any) -> str:
    sql: str = tree.sql(dialect="duckdb")
    return sql


def _quoted(column: Any) -> bool:
    return bool(column.this.args.get("quoted"))
