"""Finds values that a conversion changes: one that the file asks for with `types`, or a model's."""

from __future__ import annotations

import re
from typing import Any

from mdlc.core.engine import named

TYPE = re.compile(r"[A-Za-z0-9_ ,()\[\]]+")
WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|INT\d+", re.I)
DECIMAL = re.compile(r"(DECIMAL|NUMERIC)(\((\d+)\s*(,\s*(\d+))?\))?", re.I)
FLOATING = {"FLOAT", "REAL", "DOUBLE", "FLOAT4", "FLOAT8"}
DAY, MOMENT = {"DATE"}, {"TIMESTAMP", "DATETIME", "TIMESTAMP_S", "TIMESTAMP_MS"}
ZONE = r".*[0-9] ?([+-](0[1-9]|1[0-9]|00:?[0-9]*[1-9])(:?[0-9]{2})?)$"
DIGITS_OF_DOUBLE = 15
"""So many digits a double always keeps."""
FRACTION = r"[+-]?[0-9]*[.]0*[1-9][0-9]*"


def resolved(connection: Any, text: str) -> str:
    """Return DuckDB's own name of a type: INT4 is INTEGER.

    Raises:
        duckdb.Error: it is no type.
    """
    import duckdb

    if not TYPE.fullmatch(text):
        raise duckdb.ParserException(text)
    (name,) = connection.raw_sql(f"SELECT typeof(CAST(NULL AS {text}))").fetchall()[0]
    return str(name)


def changed(text: str, *, type_: str) -> str:
    """Return SQL: whether reading `text` (SQL of a text) as a type changes its value."""
    text, made = f"trim({text})", f"TRY_CAST(trim({text}) AS {type_})"
    if WHOLE.fullmatch(type_):
        exact = f"TRY_CAST({text} AS DECIMAL(38, 9)) <> TRY_CAST({made} AS DECIMAL(38, 9))"
        plain = (
            f"ltrim(replace({text}, '-', ''), '+0') <> replace(CAST({made} AS VARCHAR), '-', '')"
        )
        zero = f"{made} <> 0"
        return f"(regexp_full_match({text}, '{FRACTION}') OR coalesce({exact}, {zero} AND {plain}))"
    if found := DECIMAL.fullmatch(type_):
        scale = int(found.group(5) or (0 if found.group(3) else 3))
        digits = f"length(rtrim(split_part({text}, '.', 2), '0'))"
        powers = f"CAST({made} AS DOUBLE) <> TRY_CAST({text} AS DOUBLE)"
        return f"CASE WHEN contains(lower({text}), 'e') THEN {powers} ELSE {digits} > {scale} END"
    if type_.upper() in FLOATING:
        whole = f"TRY_CAST(split_part({text}, '.', 1) AS HUGEINT)"
        kept = f"coalesce({whole} = TRY_CAST(trunc({made}) AS HUGEINT), false)"
        return f"(regexp_full_match({text}, '[+-]?[0-9]+([.]0*)?') AND NOT {kept})"
    if type_.upper() in DAY | MOMENT:
        moment = f"TRY_CAST({text} AS TIMESTAMP)"
        fine = f"regexp_full_match({text}, '.*[.][0-9]{{6}}[0-9]*[1-9].*')"
        zone = f"regexp_full_match({text}, '{ZONE}') AND length({text}) > 12"
        return f"(coalesce(CAST({made} AS TIMESTAMP) <> {moment}, true) OR {fine} OR {zone})"
    if type_.upper() == "TIMESTAMP WITH TIME ZONE":
        return f"regexp_full_match({text}, '.*[.][0-9]{{6}}[0-9]*[1-9].*')"
    return "false"


def changed_value(column: str, *, before: str, after: str) -> str:
    """Return SQL that says whether a typed column's value changes: cast there and back."""
    name = named(column)
    return f"CAST(TRY_CAST({name} AS {after}) AS {before}) IS DISTINCT FROM {name}"


def not_kept(column: str, kind: str) -> str:
    """Return SQL that says whether a typed column's value is not kept later; "" if all are.

    A model has numbers as doubles, and a time is kept to the microsecond.
    """
    name = named(column)
    if kind in {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}:
        return f"epoch_ns({name}) % 1000 <> 0"
    if kind in {"BIGINT", "UBIGINT", "HUGEINT"}:
        return f"CAST(CAST({name} AS DOUBLE) AS HUGEINT) <> CAST({name} AS HUGEINT)"
    found = DECIMAL.fullmatch(kind)
    if found and int(found.group(3)) > DIGITS_OF_DOUBLE:
        return f"TRY_CAST(CAST({name} AS DOUBLE) AS {kind}) IS DISTINCT FROM {name}"
    return ""
