"""Columns in memory: the one shape in which models, stages and the predictor pass rows.

A batch is a dict of arrays with equal lengths. A number is float32 with NaN for missing, a category
is an object array of text with "" for missing, an image is float32 (rows, height, width, channels)
in 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import SerializerFunctionWrapHandler, model_serializer

from mdlc.core.errors import DataError
from mdlc.core.files import Document

Kind = Literal["number", "category", "image"]
Batch = dict[str, npt.NDArray[Any]]
MISSING = ""
LARGEST = float(np.finfo(np.float32).max)
"""Of numbers that float32 can hold."""

TRUTHS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"))
"""Words for false and true, in lower case."""

KEY, TIME, LABEL_TIME, SPLIT, TARGET = "__key", "__time", "__label_time", "__split", "__target"
"""Columns that preparation adds to the table, beside the features under their own names."""
ROW = "__row"
"""Column of the table before it is split: the number of the row in its file."""
COPY = "__copy"
"""Column of the table where rows occur more than once: copies of a row have the same text."""
SCORES = "__scores"
"""Column of exported feedback: what was predicted, class -> probability, or a number."""


class Feature(Document):
    """One input of a model."""

    name: str
    kind: Kind
    shape: tuple[int, int, int] | None = None
    """Images: height, width, channels."""
    scale: float = 1.0
    """Images: raw values are divided by it."""
    sensitive: bool = False
    """Listed in spec.data.sensitive: its values stay out of logs, metrics, reports and examples."""
    truth: tuple[str, str] | None = None
    """Categories that say false and true and nothing else: how the training rows spell them. So
    True, true and, where they say yes and no, yes are one category, as text and as JSON's true."""

    @model_serializer(mode="wrap")
    def _without_default(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave defaults of later keys out: older manifests keep the digest they had."""
        fields: dict[str, Any] = handler(self)
        if not self.sensitive:
            fields.pop("sensitive", None)
        if self.truth is None:
            fields.pop("truth", None)
        return fields


def truth_of(words: Iterable[str]) -> tuple[str, str] | None:
    """Return how `words`, the most frequent first, spell false and true; None if they say more.

    >>> truth_of(["True", "False", "true"]), truth_of(["yes", "no", "maybe"])
    (('False', 'True'), None)
    """
    given = list(words)
    for false, true in TRUTHS:
        if {word.lower() for word in given} == {false, true}:
            spelled = [next(w for w in given if w.lower() == word) for word in (false, true)]
            return spelled[0], spelled[1]
    return None


def spelled(value: bool | str, *, truth: tuple[str, str]) -> str:
    """Return a value as `truth` spells it; another word stays as it is.

    >>> spelled(True, truth=("no", "yes")), spelled("FALSE", truth=("False", "True"))
    ('yes', 'False')
    """
    if isinstance(value, bool):
        return truth[value]
    return next((word for word in truth if word.lower() == value.lower()), value)


def rows_of(batch: Batch) -> int:
    """Return the number of rows of a batch."""
    return len(next(iter(batch.values()))) if batch else 0


def from_values(feature: Feature, values: Any) -> npt.NDArray[Any]:
    """Turn one feature's raw values (a list, one for each row) into its array.

    Missing is None, NaN or, for a category, "". Images are nested or flat lists, divided by scale.

    Raises:
        DataError: a value is of another type, or infinite; names the feature, the row, the value.
    """
    if feature.kind == "category":
        return np.array(
            [_text(feature, row, value) for row, value in enumerate(values)], dtype=object
        )
    if feature.kind == "image":
        return _images(feature, values)
    return np.array([_number(feature, row, value) for row, value in enumerate(values)], np.float32)


def _text(feature: Feature, row: int, value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return MISSING
    if isinstance(value, bool | str) and feature.truth is not None:
        return spelled(value, truth=feature.truth)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float | np.integer):
        return str(value)
    raise _wrong(feature, row, value, "text")


def _number(feature: Feature, row: int, value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, int | float | np.integer | np.floating):
        if value > LARGEST or value < -LARGEST:
            raise _wrong(feature, row, value, "a finite number")
        return float(value)
    raise _wrong(feature, row, value, "a number")


def _images(feature: Feature, values: Any) -> npt.NDArray[np.float32]:
    shape = feature.shape or (0, 0, 0)
    try:
        parts = [np.asarray(value) for value in values]
        if any(part.dtype.kind not in "fiu" for part in parts):
            raise TypeError("texts, booleans and null are no numbers")
        with np.errstate(over="ignore"):  # what is too large is refused below
            array = np.array([part.reshape(shape).astype(np.float32) for part in parts])
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"feature {feature.name}: an image has {np.prod(shape)} numbers, shape {list(shape)}"
        ) from error
    if not np.isfinite(array).all():
        raise DataError(f"feature {feature.name}: an image has a value that is not finite")
    scaled: npt.NDArray[np.float32] = (array / feature.scale).astype(np.float32)
    return scaled.reshape(len(scaled), *shape)


def _wrong(feature: Feature, row: int, value: Any, wanted: str) -> DataError:
    shown = repr(value)[:40]
    return DataError(f"feature {feature.name}, row {row}: wanted {wanted}, got {shown}")


def read_table(
    path: Path, *, features: list[Feature], where: str = "", extra: tuple[str, ...] = ()
) -> tuple[Batch, Batch]:
    """Read a prepared table: (features as a batch, `extra` columns as plain numpy arrays).

    `where` is a SQL condition, such as `__split = 'train'`. Rows come in the order of time and key.
    Timestamps come as datetime64[us], text as object with None for NULL.

    Raises:
        DataError: the table lacks a column.
    """
    import duckdb

    names = [feature.name for feature in features]
    chosen = ", ".join(f'"{name}"' for name in dict.fromkeys([*names, *extra]))
    condition = f"WHERE {where}" if where else ""
    query = f"SELECT {chosen} FROM read_parquet(?) {condition} ORDER BY {TIME}, {KEY}"  # noqa: S608
    with duckdb.connect() as connection:
        try:
            arrow = connection.sql(query, params=[str(path)]).to_arrow_table()
        except duckdb.BinderException as error:
            raise DataError(f"{path.name}: {str(error).splitlines()[0]}") from error
    batch = {feature.name: _from_arrow(feature, arrow.column(feature.name)) for feature in features}
    others = {name: arrow.column(name).to_numpy(zero_copy_only=False) for name in extra}
    return batch, others


def _from_arrow(feature: Feature, column: Any) -> npt.NDArray[Any]:
    if feature.kind == "number":
        numbers = column.cast("float32", safe=False)
        return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float32)
    if feature.kind == "category":
        filled = column.cast("string").fill_null(MISSING)
        return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=object)
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    shape = feature.shape or (0, 0, 0)
    return np.asarray(flat, np.float32).reshape(len(column), *shape)
