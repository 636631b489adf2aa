"""From a file of rows to a model's features, a chunk at a time.

A column that is no feature is left out, and a feature without a column is missing; both are said.
A number must be one as training reads it, and a text is kept as training writes it: 1.0 of a column
of numbers is the category 1, True is the category that training calls True.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.components.collection.columns.cell_classes import ANY_NUMBER, Numbers, class_of
from mdlc.components.collection.readers.json import NUMBERS as JSON_KINDS
from mdlc.components.collection.rows_file import RowsColumn, RowsFile
from mdlc.core import engine
from mdlc.core.columns import LARGEST, MISSING, Batch, Feature, from_values
from mdlc.core.engine import named, quoted
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Data, Image

CHUNK = 50_000
"""Rows in memory at a time."""
ROW, BAD = "__row", "\x1fbad"
NUMBERS, JSON_NUMBERS = (
    f"({', '.join(map(quoted, sorted(kinds)))})" for kinds in (ANY_NUMBER, JSON_KINDS)
)
"""The classes of a number cell, and JSON's kinds of numbers, as lists of SQL."""


@dataclass(frozen=True)
class FeaturePlan:
    """What is read of a file for a model."""

    select: str
    features: list[Feature]
    """Those that the file has."""
    absent: list[Feature]
    ignored: list[str]
    """Columns of the file that are no features."""

    def lines(self, path: Path) -> list[str]:
        """Say what is left out, and what is missing."""
        told = []
        if self.ignored:
            told.append(f"{path.name}: no features, and left out: {', '.join(self.ignored)}")
        if self.absent:
            names = ", ".join(feature.name for feature in self.absent)
            told.append(f"{path.name}: not there, and taken as missing: {names}")
        return told


def plan(
    rows: RowsFile, *, features: list[Feature], data: Data, numeric: set[str], path: Path
) -> FeaturePlan:
    """Decide what is read of a file.

    `numeric` are the columns that training reads as numbers or booleans, whatever feature they are.

    Raises:
        DataError: no column is a feature, or one looks like a feature that is not there.
    """
    there, parts, used = [], [], set()
    for feature in features:
        made = _feature(feature, rows, image=data.image, numeric=numeric)
        if made is None:
            continue
        there.append(feature)
        value, bad, names = made
        parts += [f"{value} AS {named(feature.name)}", f"{bad} AS {named(feature.name + BAD)}"]
        used |= names
    absent = [feature for feature in features if feature not in there]
    keys = _keys(rows, data=data)
    ignored = [name for name in rows.columns if name not in {*used, *keys}]
    _refuse_near(ignored, absent, path=path)
    if not there:
        shown = ", ".join(rows.columns)[:200] or "none"
        raise DataError(f"{path}: no column is a feature; its columns are {shown}")
    select = f"SELECT {_identity(rows, keys)} AS {ROW}, {', '.join(parts)} FROM {rows.relation}"  # noqa: S608
    return FeaturePlan(select, there, absent, ignored)


def batches(connection: Any, asked: FeaturePlan) -> Iterator[tuple[list[str], Batch]]:
    """Yield ids and features, CHUNK rows at a time, in the file's order.

    Raises:
        DataError: a value is not what its feature wants; names the feature, the row, the value.
        StageError: reading took longer, or needs more memory, than the machine's owner allows.
    """
    first = 0
    for part in _parts(connection, asked.select):
        for feature in asked.features:
            _refuse_bad(feature, part.column(feature.name + BAD), first=first)
        batch = {f.name: _array(f, part.column(f.name)) for f in asked.features}
        for feature in asked.absent:
            batch[feature.name] = _nothing(feature, part.num_rows)
        ids = part.column(ROW).to_pylist()
        yield [i if i is not None else str(first + n) for n, i in enumerate(ids)], batch
        first += part.num_rows


def _parts(connection: Any, select: str) -> Iterator[Any]:
    """Yield CHUNK rows at a time; empty parts are left out."""
    try:
        for part in connection.con.sql(select).to_arrow_reader(CHUNK):
            if part.num_rows:
                yield part
    except (OSError, MemoryError) as error:  # how Arrow passes the engine's errors on
        if bound := engine.exhausted(error, stage="predict"):
            raise bound from error
        raise


def _refuse_near(ignored: list[str], absent: list[Feature], *, path: Path) -> None:
    names = [feature.name for feature in absent]
    for name in ignored:
        near = difflib.get_close_matches(name, names, n=1)
        if near:
            message = f"{path}: {name} is not a feature, and {near[0]} is not there"
            raise DataError(message, hint=f"did you mean {near[0]}?")


def _keys(rows: RowsFile, *, data: Data) -> list[str]:
    """Return the columns that name a row: the table's key, else `id`; [] without them."""
    names = data.table.key or ["id"]
    return [] if any(name not in rows.columns for name in names) else names


def _identity(rows: RowsFile, keys: list[str]) -> str:
    """Return SQL for a row's id, as preparation makes it of the key; NULL where there is none."""
    if not keys:
        return "CAST(NULL AS VARCHAR)"
    values = [f"coalesce(CAST({rows.columns[name].value} AS VARCHAR), '')" for name in keys]
    return " || '|' || ".join(values)


def _feature(
    feature: Feature, rows: RowsFile, *, image: Image | None, numeric: set[str]
) -> tuple[str, str, set[str]] | None:
    """Return SQL for the value and for what is wrong with it, and the columns that it needs."""
    if feature.name not in rows.columns:
        if feature.kind != "image" or image is None:
            return None
        return _pixels(rows, image=image, count=int(np.prod(feature.shape or (0,))))
    column = rows.columns[feature.name]
    if feature.kind == "image":
        return f"CAST({column.value} AS VARCHAR)", "CAST(NULL AS VARCHAR)", {feature.name}
    if feature.kind == "number":
        value = _number(column, rows.numbers)
        huge = f"NOT isnan({value}) AND abs({value}) > {LARGEST!r}"
        bad = f"CASE WHEN {column.value} IS NOT NULL AND {value} IS NULL OR {huge}"
        bad += f" THEN CAST({column.value} AS VARCHAR) END"
        return value, bad, {feature.name}
    value = _category(column, rows.numbers, numeric=feature.name in numeric)
    if feature.truth:
        value = _spelled(value, feature.truth)
    bad = "CAST(NULL AS VARCHAR)"
    if column.kind:
        bad = f"CASE WHEN {column.kind} IN ('OBJECT', 'ARRAY') THEN {column.value} END"
    return value, bad, {feature.name}


def _pixels(rows: RowsFile, *, image: Image, count: int) -> tuple[str, str, set[str]] | None:
    """Pack the columns of an image, pixel2 before pixel10, as preparation does."""
    from mdlc.components.preparation.features import DIGITS

    names = [name for name in rows.columns if name.startswith(image.prefix)]
    names.sort(key=lambda name: [int(x) if x.isdigit() else x for x in DIGITS.split(name)])
    if len(names) != count:
        return None
    values = [_number(rows.columns[name], rows.numbers) for name in names]
    bad = f"CASE WHEN {' OR '.join(f'{v} IS NULL' for v in values)} THEN 'a pixel' END"
    return f"CAST([{', '.join(values)}] AS VARCHAR)", bad, set(names)


def _number(column: RowsColumn, numbers: Numbers) -> str:
    """Return SQL: a value as a double; NULL where it is none, and where it is missing."""
    lower = f"lower(CAST({column.value} AS VARCHAR))"
    truth = f"CASE {lower} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    if column.type is not None:
        other = column.type in {"VARCHAR", "BLOB", "DATE", "UUID"} or "TIME" in column.type
        return "CAST(NULL AS DOUBLE)" if other else f"TRY_CAST({column.value} AS DOUBLE)"
    if column.kind is not None:
        return (
            f"CASE WHEN {column.kind} IN {JSON_NUMBERS} THEN TRY_CAST({column.value} AS DOUBLE)"
            f" WHEN {column.kind} = 'BOOLEAN' THEN {truth} END"
        )
    is_number = f"{class_of(column.value, numbers=numbers)} IN {NUMBERS}"
    normal = f"TRY_CAST({numbers.normal(column.value)} AS DOUBLE)"
    return f"CASE WHEN {is_number} THEN {normal} ELSE {truth} END"


def _category(column: RowsColumn, numbers: Numbers, *, numeric: bool) -> str:
    """Return SQL: a value as training writes its category."""
    number = _number(column, numbers)
    whole = (
        f"CASE WHEN {number} = floor({number}) AND abs({number}) < 9007199254740992"
        f" THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END"
    )
    if column.type is not None:
        floating = column.type in {"FLOAT", "DOUBLE"} or column.type.startswith("DECIMAL")
        return whole if floating else f"CAST({column.value} AS VARCHAR)"
    if column.kind is not None:
        return f"CASE WHEN {column.kind} = 'DOUBLE' THEN {whole} ELSE {column.value} END"
    if not numeric:
        return column.value
    lower = f"lower({column.value})"
    return (
        f"CASE WHEN {lower} IN ('true', 'false') THEN {lower}"
        f" ELSE coalesce({whole}, {column.value}) END"
    )


def _spelled(value: str, truth: tuple[str, str]) -> str:
    cases = "".join(f" WHEN {quoted(word.lower())} THEN {quoted(word)}" for word in truth)
    words = f" WHEN 'false' THEN {quoted(truth[0])} WHEN 'true' THEN {quoted(truth[1])}"
    return f"CASE lower({value}){cases}{words} ELSE {value} END"


def _refuse_bad(feature: Feature, bad: Any, *, first: int) -> None:
    if bad.null_count == len(bad):
        return
    row = next(n for n, value in enumerate(bad.to_pylist()) if value is not None)
    wanted = {"number": "a number", "category": "text", "image": "an image"}[feature.kind]
    shown = "..." if feature.sensitive else repr(bad[row].as_py())[:40]
    message = f"feature {feature.name}, row {first + row}: wanted {wanted}, got {shown}"
    raise DataError(message)


def _array(feature: Feature, column: Any) -> Any:
    if feature.kind == "number":
        return np.asarray(column.to_numpy(zero_copy_only=False), np.float32)
    if feature.kind == "category":
        filled = column.cast("string").fill_null(MISSING)
        return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=object)
    try:
        return from_values(feature, [json.loads(text) for text in column.to_pylist()])
    except (json.JSONDecodeError, TypeError) as error:
        raise DataError(f"feature {feature.name}: an image is a list of numbers") from error


def _nothing(feature: Feature, rows: int) -> Any:
    if feature.kind == "image":
        raise DataError(f"feature {feature.name} is missing, and an image has no stand-in")
    if feature.kind == "category":
        return np.full(rows, MISSING, dtype=object)
    return np.full(rows, np.nan, np.float32)
