"""Whatever the times: nobody trains on a label that was not known yet, and splits are stable."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mdlc.components.preparation import splits
from mdlc.core import engine
from mdlc.core.columns import KEY, LABEL_TIME, SPLIT, TIME
from mdlc.core.errors import DataError
from mdlc.core.spec.model import Split

LENGTH = st.integers(1, 100)


def _none(end: datetime, *, rows: int) -> None:
    """No row is asked for: the windows have lengths."""


START = datetime(2024, 1, 1)
CONNECTION = engine.connect()
LAGS = st.one_of(st.none(), st.integers(0, 200))
HOURS = st.lists(st.tuples(st.integers(0, 500), LAGS), min_size=1, max_size=60)


def split_rows(table: pa.Table, how: Any) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        parquet.write_table(table, path)
        found: list[dict[str, Any]] = how(CONNECTION.read_parquet(path)).to_pyarrow().to_pylist()
        return found


@settings(max_examples=30, deadline=None)
@given(
    hours=HOURS, validation=st.integers(1, 100), test=st.integers(1, 100), until=st.integers(1, 600)
)
def test_no_label_is_used_before_it_is_known(
    hours: list[tuple[int, int | None]], validation: int, test: int, until: int
) -> None:
    times = [START + timedelta(hours=hour) for hour, _ in hours]
    labels = [
        None if lag is None else time + timedelta(hours=lag)
        for time, (_, lag) in zip(times, hours, strict=True)
    ]
    spec = Split(validation=timedelta(hours=validation), test=timedelta(hours=test))
    moment = START + timedelta(hours=until)
    try:
        found = splits.windows(spec, until=moment, first=min(times), last=max(times), newest=_none)
    except DataError:
        return
    us = pa.timestamp("us")
    table = pa.table({TIME: pa.array(times, us), LABEL_TIME: pa.array(labels, us)})
    ends = {"train": found.validation, "validation": found.test, "test": found.until}
    begins = {"train": min(times), "validation": found.validation, "test": found.test}
    for row in split_rows(table, lambda t: splits.by_time(t, found)):
        name = row[SPLIT]
        if name in ends:
            assert begins[name] <= row[TIME] < ends[name]
            assert row[LABEL_TIME] is not None
            assert row[LABEL_TIME] <= ends[name]
        else:
            assert name == ("later" if row[TIME] >= found.until else "unknown")


@settings(max_examples=20, deadline=None)
@given(keys=st.sets(st.text(min_size=1, max_size=8), min_size=2, max_size=40))
def test_a_key_stays_in_its_split(keys: set[str]) -> None:
    keys = {key.encode("utf-8", "ignore").decode() for key in keys}
    some = sorted(keys)[: len(keys) // 2 + 1]

    def split_of(names: list[str]) -> dict[str, str]:
        rows = split_rows(pa.table({KEY: names}), lambda t: splits.by_key(t, Split()))
        return {row[KEY]: row[SPLIT] for row in rows}

    assert split_of(some).items() <= split_of(sorted(keys)).items()
