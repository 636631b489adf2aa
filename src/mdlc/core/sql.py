"""SQL that a lifecycle file may contain: one expression over one row's columns, and windows.

Who writes a file is not who owns the machine that runs it. So an expression is parsed, and only
what is listed here reaches the engine: operators, casts, CASE, windows, and the functions below.
There are no subqueries, no tables and no functions that read files, settings or the clock. An
engine on many machines needs the same rule, because it may compute a row twice.

The dialect is DuckDB's. What runs is written anew from the parsed tree, never the author's text.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import Any

from mdlc.core.errors import closest, shortened
from mdlc.core.sql_functions import CHANGING, CLAUSES, FUNCTIONS, GROUPS, SYNTAX

MAX_CHARACTERS = 10_000
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of characters (surrogates)."""
MAX_DEPTH = 200
"""Of nested operators and calls; the engine's own parser stops at 1,000."""
MAX_PADDING = 1_000
"""Characters that lpad and rpad may fill up to: one cell is not to fill the memory."""
ARGUMENTS = ("", "a", "a, b", "a, b, c", "a, b, c, d", "'x', a", "'x', a, b", "a, 1", "a, 'x'")
"""Shapes of calls by which the kinds of nodes of each function are found out."""


class SqlError(ValueError):
    """An expression is not one, or asks for what is not listed."""


@functools.lru_cache(maxsize=1024)
def checked(text: str) -> str:
    """Return `text` as it came if it is one expression of what is listed.

    Raises:
        SqlError: it is not SQL, is no single expression, or asks for more.

    >>> checked("hour + minute / 60.0")
    'hour + minute / 60.0'
    """
    _rendered(text)
    return text


def parse(text: str) -> Any:
    """Return a copy of the sqlglot tree of one expression; raises as `checked`."""
    return _tree(text).copy()


def render(text: str) -> str:
    """Return the SQL that the engine gets for an expression; raises as `checked`.

    >>> render("a || 'it''s'")
    "a || 'it''s'"
    """
    return _rendered(text)


def checked_type(text: str) -> str:
    """Return the name of a DuckDB type as it came.

    Raises:
        SqlError: it is none, or one that somebody defined.

    >>> checked_type("DECIMAL(9, 2)")
    'DECIMAL(9, 2)'
    """
    import sqlglot
    from sqlglot import exp

    try:
        statements = sqlglot.parse(f"SELECT CAST(NULL AS {text[:MAX_CHARACTERS]})", read="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError, IndexError) as error:
        raise _no_type(text) from error
    select = statements[0] if len(statements) == 1 else None
    made = select.expressions if isinstance(select, exp.Select) else []
    if len(made) != 1 or not isinstance(made[0], exp.Cast):
        raise _no_type(text)
    cast = made[0]
    parts = {type(part).__name__ for part in cast.to.walk()}
    if parts - {"DataType", "DataTypeParam", "Literal"} or _defined(cast.to):
        raise _no_type(text)
    return text


def _no_type(text: str) -> SqlError:
    return SqlError(
        f"{shortened(text)!r} is not a DuckDB type; such as VARCHAR, BIGINT, DOUBLE, BOOLEAN, DATE "
        "or TIMESTAMP"
    )


@functools.lru_cache(maxsize=1024)
def _rendered(text: str) -> str:
    try:
        sql: str = _tree(text).sql(dialect="duckdb", comments=False)
    except RecursionError as error:
        raise _too_deep(text) from error
    return sql


@functools.lru_cache(maxsize=1024)
def _tree(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise SqlError(f"an expression of {len(text)} characters; at most {MAX_CHARACTERS}")
    if UNWRITABLE.search(text):
        raise SqlError(f"{shortened(text)!r} has a character that cannot be written")
    called = _called(text)
    tree = _parsed(text)
    _bounded(tree, text=text)
    for node in tree.walk():
        _listed(node, called=called, text=text)
    return tree


def _called(text: str) -> frozenset[str]:
    """Return the functions that a text calls, as the author wrote them; refuse unlisted ones."""
    import sqlglot
    from sqlglot.tokens import TokenType

    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise SqlError(f"{shortened(text)!r} is not SQL: a quote is not closed") from error
    called = set()
    for word, after in itertools.pairwise(tokens):
        name = word.text.lower().split()[-1] if word.text.strip() else ""
        if after.token_type != TokenType.L_PAREN or not name[:1].isidentifier():
            continue
        if word.token_type == TokenType.STRING or name in CLAUSES or _is_type(name):
            continue
        if name not in FUNCTIONS:
            raise _unlisted(name, shown=repr(shortened(text)))
        called.add(name)
    return frozenset(called)


def _is_type(name: str) -> bool:
    try:
        return bool(checked_type(name))
    except SqlError:
        return False


def _parsed(text: str) -> Any:
    import sqlglot
    from sqlglot import exp

    shown = repr(shortened(text))
    try:
        statements = sqlglot.parse(f"SELECT {text}", read="duckdb")
    except RecursionError as error:
        raise _too_deep(text) from error
    except sqlglot.errors.SqlglotError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        reason = shortened(said.split(". Line")[0])
        raise SqlError(f"{shown} is not SQL: {reason}") from error
    except Exception as error:
        # The parser has faults of its own for texts that nobody writes: IndexError, TypeError ...
        raise SqlError(f"{shown} is not SQL that mdlc can read") from error
    select = statements[0] if len(statements) == 1 else None
    parts = {key for key, value in select.args.items() if value} if select else set()
    if not isinstance(select, exp.Select) or parts - {"expressions", "kind"}:
        raise SqlError(f"{shown} is not one SQL expression")
    if len(select.expressions) != 1 or isinstance(select.expressions[0], exp.Alias | exp.Star):
        raise SqlError(f"{shown} is not one SQL expression")
    return select.expressions[0].copy()  # without its SELECT, which would look like a subquery


def _bounded(tree: Any, *, text: str) -> None:
    """Refuse what is nested so deep that the engine, or printing it, would give up."""
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep(text)
        level = [child for node in level for child in node.iter_expressions()]


def _too_deep(text: str) -> SqlError:
    return SqlError(
        f"{shortened(text)!r} is nested too deeply; derive parts of it as columns, and write "
        "alternatives as x IN (...)"
    )


def _listed(node: Any, *, called: frozenset[str], text: str) -> None:
    """Refuse one node that is not listed, by the name that the author knows."""
    from sqlglot import exp

    kind, name, shown = type(node).__name__, _name_of(node), repr(shortened(text))
    if isinstance(node, exp.Anonymous):
        if name not in FUNCTIONS:
            raise _unlisted(name, shown=shown)
        if name == "age" and len(node.expressions) < 2:
            raise SqlError(f"{shown}: age of one time counts up to today; give both times")
    elif kind not in SYNTAX and not any(kind in _kinds(function) for function in called):
        raise _unlisted(name, shown=shown)
    if isinstance(node, exp.Window) and node.args.get("alias"):
        raise SqlError(f"{shown}: write the window itself, OVER (...)")
    if _needs_window(node, called=called) and not _in_window(node):
        raise SqlError(f"{shown}: {name} makes one row of many; write {name}(...) OVER (...)")
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        raise SqlError(f"{shown}: * stands for columns only in count(*)")
    if isinstance(node, exp.DataType) and _defined(node):
        raise SqlError(f"{shown}: {node.sql(dialect='duckdb')} is not a type of DuckDB's own")
    if isinstance(node, exp.Var) and not str(node.this).replace("_", "").isalnum():
        raise SqlError(f"{shown}: {shortened(str(node.this))!r} is not a unit")
    if isinstance(node, exp.Pad):
        _padding(node, shown=shown)


def _unlisted(called: str, *, shown: str) -> SqlError:
    if called in CHANGING:
        return SqlError(
            f"{shown}: {called} answers otherwise at each run, and a result must be repeatable; "
            "use a column of the data"
        )
    if called in {"select", "subquery", "exists", "with", "table"}:
        return SqlError(f"{shown}: an expression has no subqueries; add a source and join it")
    return SqlError(
        f"{shown}: an expression may not use {called}; {closest(called, FUNCTIONS)} "
        "(docs/expressions.md lists all)"
    )


def _name_of(node: Any) -> str:
    """Return the name of a node as SQL has it."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    if isinstance(node, exp.Func):
        return str(node.sql_name()).lower()
    return str(node.key).lower()


def _needs_window(node: Any, *, called: frozenset[str]) -> bool:
    from sqlglot import exp

    over = GROUPS["windows"]
    if isinstance(node, exp.Anonymous):
        return _name_of(node) in over
    kind = type(node).__name__
    return kind not in SYNTAX and any(kind in _kinds(name) for name in called & over)


def _in_window(node: Any) -> bool:
    """Say whether a call is what a window computes, not a part of its order or partitions."""
    from sqlglot import exp

    while isinstance(node.parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        node = node.parent
    return isinstance(node.parent, exp.Window) and node.parent.this is node


def _defined(kind: Any) -> bool:
    """Say whether a type is none of the engine's own: its name would reach the engine as it is."""
    from sqlglot import exp

    return any(
        part.this in (exp.DataType.Type.USERDEFINED, exp.DataType.Type.UNKNOWN)
        for part in kind.find_all(exp.DataType)
    )


def _padding(node: Any, *, shown: str) -> None:
    from sqlglot import exp

    length = node.args.get("expression")
    if not (isinstance(length, exp.Literal) and str(length.this).isdigit()):
        raise SqlError(f"{shown}: the length of lpad and rpad is a number, such as 8")
    if int(length.this) > MAX_PADDING:
        raise SqlError(f"{shown}: lpad and rpad fill up to {MAX_PADDING} characters at most")


@functools.cache
def _kinds(name: str) -> frozenset[str]:
    """Return the kinds of nodes that sqlglot makes of calls of a listed function."""
    import sqlglot
    from sqlglot import exp

    kinds: set[str] = set()
    for arguments in ARGUMENTS:
        try:
            tree = sqlglot.parse_one(f"SELECT {name}({arguments})", read="duckdb").expressions[0]
        except sqlglot.errors.SqlglotError:
            continue  # so many arguments the function does not take
        functions = (node for node in tree.walk() if isinstance(node, exp.Func))
        kinds |= {type(node).__name__ for node in functions} - {"Anonymous"}
    return frozenset(kinds)
