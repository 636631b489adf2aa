"""The rows that were the future when the model was made, in the order of time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mdlc.core.errors import DataError
from mdlc.replay.row_stream import EPOCH, as_datetime, read_known, read_stream
from tests.unit.bundles import make_prepared
from tests.unit.replay.streams import HOUR, stream_of

SPLITS = np.array(["train", "test", "later", "later"], dtype=object)


def prepared(folder: Path, *, days: int) -> Path:
    target = np.array(["good", "bad", "good", "bad"], dtype=object)
    make_prepared(folder, x=np.arange(4.0), target=target, split=SPLITS, days=days)
    return folder


def test_with_a_time_only_what_came_later_is_lived(tmp_path: Path) -> None:
    stream = read_stream(prepared(tmp_path, days=4), begin=None, end=None)
    assert (stream.key.tolist(), stream.timed) == (["00000002", "00000003"], True)
    assert stream.begins == datetime(2026, 1, 3, tzinfo=UTC)


def test_bounds_leave_rows_out_and_nothing_left_is_refused(tmp_path: Path) -> None:
    table, third = prepared(tmp_path, days=4), datetime(2026, 1, 4, tzinfo=UTC)
    assert read_stream(table, begin=None, end=third).key.tolist() == ["00000002"]
    assert read_stream(table, begin=third, end=None).key.tolist() == ["00000003"]
    with pytest.raises(DataError, match="no rows to replay"):
        read_stream(table, begin=third, end=third)


def test_without_a_time_the_test_rows_are_lived_on_an_invented_clock(tmp_path: Path) -> None:
    stream = read_stream(prepared(tmp_path, days=0), begin=None, end=None)
    assert (stream.key.tolist(), stream.timed) == (["00000001"], False)
    assert stream.begins == as_datetime(EPOCH)
    assert stream.label_time[0] - stream.time[0] == 6 * HOUR


def test_known_rows_come_in_the_order_of_a_seed(tmp_path: Path) -> None:
    found = read_known(prepared(tmp_path, days=4), split="later", seed=1)
    assert sorted(found.key.tolist()) == ["00000002", "00000003"]


def test_every_hour_has_its_rows_the_empty_ones_too() -> None:
    stream = stream_of(3, every=2 * HOUR)
    hours = [(hour.hour, rows.stop - rows.start) for hour, rows in stream.hours()]
    assert hours == [(0, 1), (1, 0), (2, 1), (3, 0), (4, 1)]


def test_a_missing_number_is_asked_as_null() -> None:
    stream = stream_of(2)
    stream.batch["x"][1] = np.nan
    assert stream.instances(slice(0, 2)) == [{"x": 0.0}, {"x": None}]
