"""Reads the rows of one split of the prepared table, with the truth as numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.core.columns import COPY, KEY, SPLIT, TARGET, TIME, Batch, read_table
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError, closest
from mdlc.core.files import digest_json

TABLE = "table.parquet"
MAX_VALUES = 20
"""A slice column of numbers with more distinct values is cut at its quartiles."""


@dataclass(frozen=True)
class HeldOutRows:
    """Rows of one split."""

    batch: Batch
    truth: npt.NDArray[Any]
    """(rows,): index of the true class, or the true number."""
    times: npt.NDArray[np.datetime64] | None
    groups: dict[str, npt.NDArray[np.object_]]
    """Slice column -> (rows,): the group of each row, as text."""
    copies: npt.NDArray[np.object_] | None = None
    """(rows,): rows with the same text are copies of each other; None: there are no copies."""
    keys: npt.NDArray[np.object_] | None = None
    """(rows,): the key of each row."""


def read(
    folder: Path,
    prepared: Prepared,
    *,
    split: str,
    slices: Sequence[str] = (),
    name: str = TABLE,
) -> HeldOutRows:
    """Read one split of `folder`/table.parquet, or of another table of its shape.

    Raises:
        DataError: the split has no rows, or a true class that prepared.json does not name.
    """
    time = (TIME,) if prepared.has_time else ()
    copies = (COPY,) if prepared.copies and name == TABLE else ()
    wanted = (KEY, TARGET, *time, *copies, *slices)
    path = folder / name
    batch, others = read_table(
        path, features=prepared.features, where=f"{SPLIT} = '{split}'", extra=wanted
    )
    truth = _truth(others[TARGET], classes=prepared.classes, split=split)
    times = others[TIME].astype("datetime64[us]") if time else None
    groups = {name: _groups(others[name]) for name in slices}
    return HeldOutRows(batch, truth, times, groups, others[COPY] if copies else None, others[KEY])


def digest(split: HeldOutRows) -> str:
    """Return which rows these are, whatever their order: a digest of their keys and truths."""
    keys = [] if split.keys is None else split.keys.tolist()
    return digest_json(
        sorted(f"{key} {truth}" for key, truth in zip(keys, split.truth.tolist(), strict=True))
    )


def read_truth(folder: Path, prepared: Prepared, *, split: str) -> npt.NDArray[Any]:
    """Read only the truth of one split: (rows,) indexes of classes, or numbers."""
    path = folder / TABLE
    _, others = read_table(path, features=[], where=f"{SPLIT} = '{split}'", extra=(TARGET,))
    return _truth(others[TARGET], classes=prepared.classes, split=split)


def _truth(values: npt.NDArray[Any], *, classes: list[str], split: str) -> npt.NDArray[Any]:
    if not len(values):
        raise DataError(
            f"the {split} split has no rows",
            where="spec.model.split",
            hint=f"make {split} longer, or bring more data",
        )
    if not classes:
        return np.asarray(values, float)
    names, inverse = np.unique(values.astype(str), return_inverse=True)
    positions = {name: index for index, name in enumerate(classes)}
    for name in names:
        if name not in positions:
            hint = closest(str(name), classes)
            raise DataError(f"the {split} split has the unknown class {name}", hint=hint)
    return np.array([positions[str(name)] for name in names])[inverse]


def _groups(values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    numeric = values.dtype.kind in "iuf"
    missing = np.isnan(values) if values.dtype.kind == "f" else values == None  # noqa: E711
    known = values[~missing]
    if numeric and len(np.unique(known)) > MAX_VALUES:
        edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
        names = [f"{low:.6g} to {high:.6g}" for low, high in itertools.pairwise(edges)]
        where = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(names) - 1)
        groups = np.array(names, dtype=object)[where]
    else:
        groups = np.array([_text(value) for value in values], dtype=object)
    groups[missing] = "missing"
    return groups


def _text(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)
