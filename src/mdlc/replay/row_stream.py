"""The rows to replay, in the order of time, as requests would bring them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.core.columns import KEY, LABEL_TIME, SPLIT, TARGET, TIME, Batch, Feature, read_table
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError
from mdlc.core.files import read_document

Array = npt.NDArray[Any]
EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
ROWS_PER_HOUR = 10
LABELS_AFTER = np.timedelta64(6 * 3600, "s")


@dataclass(frozen=True)
class RowStream:
    """Rows in the order of time. All arrays have one entry a row; times are datetime64[us], UTC."""

    features: list[Feature]
    batch: Batch
    key: Array
    time: Array
    label_time: Array
    target: Array
    timed: bool = True
    """False if the data have no time column; then times are invented (see read_stream)."""

    def __len__(self) -> int:
        return len(self.key)

    @property
    def begins(self) -> datetime:
        """Time of the first row."""
        return as_datetime(self.time[0])

    @property
    def ends(self) -> datetime:
        """The moment after the last row."""
        return as_datetime(self.time[-1]) + timedelta(microseconds=1)

    def take(self, rows: Array) -> RowStream:
        """Return some rows, in the order given."""
        return replace(
            self,
            batch={name: column[rows] for name, column in self.batch.items()},
            key=self.key[rows],
            time=self.time[rows],
            label_time=self.label_time[rows],
            target=self.target[rows],
        )

    def hours(self) -> Iterator[tuple[datetime, slice]]:
        """Yield each hour, from the first row's to the last row's, and the slice of its rows."""
        hour = np.timedelta64(3600, "s")
        start = self.time[0].astype("datetime64[h]").astype("datetime64[us]")
        while start <= self.time[-1]:
            first, last = np.searchsorted(self.time, [start, start + hour])
            yield as_datetime(start), slice(int(first), int(last))
            start = start + hour

    def instances(self, rows: slice) -> list[dict[str, Any]]:
        """Return the rows as in a V1 request: feature -> raw value, None for a missing one."""
        columns = {f.name: _values(f, self.batch[f.name][rows]) for f in self.features}
        names = list(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def read_stream(table: Path, *, begin: datetime | None, end: datetime | None) -> RowStream:
    """Read the rows that are later than those the model was trained on.

    Without a time column there are no later rows. Then the model's test rows are taken: ten an
    hour, labelled six hours later, beginning with the year 2000.

    Args:
        table: The folder that preparation wrote.
        begin: Leave out earlier rows.
        end: Leave out rows from here on.

    Raises:
        DataError: no rows are left.
    """
    prepared = read_document(table / "prepared.json", Prepared)
    whole = _read(table, prepared=prepared, split="later" if prepared.has_time else "test")
    keep = np.ones(len(whole), dtype=bool)
    if begin:
        keep &= whole.time >= as_datetime64(begin)
    if end:
        keep &= whole.time < as_datetime64(end)
    if not keep.any():
        raise DataError(
            "there are no rows to replay",
            where="spec.model.split.until",
            hint="end training earlier, or give another --from and --to",
        )
    return whole.take(np.flatnonzero(keep))


def read_known(table: Path, *, split: str, seed: int) -> RowStream:
    """Read the rows of a split in a random order.

    Args:
        table: The folder that preparation wrote.
        split: train, validation or test.
        seed: Seed of the random order.
    """
    whole = _read(table, prepared=read_document(table / "prepared.json", Prepared), split=split)
    return whole.take(np.random.default_rng(seed).permutation(len(whole)))


def _read(table: Path, *, prepared: Prepared, split: str) -> RowStream:
    batch, others = read_table(
        table / "table.parquet",
        features=prepared.features,
        where=f"{SPLIT} = '{split}'",
        extra=(KEY, TIME, LABEL_TIME, TARGET),
    )
    time = others[TIME].astype("datetime64[us]")
    label_time = others[LABEL_TIME].astype("datetime64[us]")
    if not prepared.has_time:
        step = np.timedelta64(3600 // ROWS_PER_HOUR, "s")
        time = EPOCH + np.arange(len(time)) * step
        label_time = time + LABELS_AFTER
    return RowStream(
        features=prepared.features,
        batch=batch,
        key=others[KEY],
        time=time,
        label_time=np.where(np.isnat(label_time), time, label_time),
        target=others[TARGET],
        timed=prepared.has_time,
    )


def as_datetime(value: Any) -> datetime:
    """Turn a datetime64 into a datetime in UTC."""
    moment: datetime = np.datetime64(value, "us").item()
    return moment.replace(tzinfo=UTC)


def as_datetime64(moment: datetime) -> np.datetime64:
    """Turn a datetime into a datetime64; one without a time zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return np.datetime64(aware.astimezone(UTC).replace(tzinfo=None), "us")


def _values(feature: Feature, column: Array) -> list[Any]:
    if feature.kind == "category":
        return [value or None for value in column.tolist()]
    if feature.kind == "image":
        raw: list[Any] = (column * feature.scale).tolist()
        return raw
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - NaN
