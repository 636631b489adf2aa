"""Labelled predictions from serving (feedback), joined to the rows of the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdlc.core.columns import KEY, LABEL_TIME, TARGET, TIME, Feature
from mdlc.core.errors import DataError, closest
from mdlc.core.spec.model import Task

HINT = "the model that served has another schema; train without its feedback, or migrate it"


def read(connection: Any, path: Path, *, features: list[Feature], task: Task) -> Any:
    """Return the feedback in the table's own types, without rows that have no label.

    Raises:
        DataError: it lacks a column, or one is of another kind.
    """
    table = connection.read_parquet(path)
    schema = table.schema()
    columns: dict[str, Any] = {}
    for name in (KEY, TIME, LABEL_TIME, TARGET, *(feature.name for feature in features)):
        if name not in schema:
            hint = f"{closest(name, schema)} {HINT}"
            raise DataError(f"feedback lacks the column {name}", hint=hint)
    kinds = {feature.name: feature.kind for feature in features}
    kinds[TARGET] = "number" if task == "regression" else "category"
    kinds[KEY] = "category"
    targets = {"number": "float64", "category": "string", "image": "array<float32>"}
    for name, kind in kinds.items():
        if not _fits(schema[name], kind):
            raise DataError(f"feedback has {name} as {schema[name]}, not a {kind}", hint=HINT)
        columns[name] = table[name].cast(targets[kind])
    for name in (TIME, LABEL_TIME):
        if not (schema[name].is_timestamp() or schema[name].is_null()):
            raise DataError(f"feedback has {name} as {schema[name]}, not a time", hint=HINT)
        columns[name] = table[name].cast("timestamp(6)")
    rows = table.select(**columns)
    return rows.filter(rows[TARGET].notnull())


def merge(base: Any, rows: Any) -> Any:
    """Union both; if a key is in both, feedback's row stays. Slice columns it lacks are NULL."""
    import ibis

    absent = {
        name: ibis.null(kind).cast(kind)
        for name, kind in base.schema().items()
        if name not in rows.columns
    }
    rows = rows.mutate(**absent).select(*base.columns)
    kept = base.anti_join(rows, KEY)
    return kept.union(rows)


def _fits(kind: Any, wanted: str) -> bool:
    if kind.is_null():
        return True
    if wanted == "category":
        return bool(kind.is_string())
    if wanted == "image":
        return bool(kind.is_array() and kind.value_type.is_numeric())
    return bool(kind.is_numeric() or kind.is_boolean())
