"""Feedback replaces the future of the base, in the same schema."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from mdlc.core.errors import DataError
from tests.unit.components.preparation.small import MODEL, rows, run


def feedback(tmp_path: Path, **changes: str) -> Path:
    columns = {"__key": "i::TEXT", "__time": "TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR",
               "__label_time": "TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR", "__target": "'true'",
               "x": "-1.0::DOUBLE", "c": "'a'", "flag": "1.0::DOUBLE", "n": "0::DOUBLE", **changes}  # fmt: skip  # noqa: E501
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in columns.items() if sql)
    path = tmp_path / "feedback.parquet"
    duckdb.sql(f"COPY (SELECT {chosen} FROM range(200, 300) r(i)) TO '{path}'")
    return path


def test_feedback_replaces_the_future_and_wins_over_the_base(tmp_path: Path) -> None:
    model = {**MODEL, "slices": ["t"], "split": {**MODEL["split"], "until": "2024-01-10"}}
    path, until = feedback(tmp_path), datetime(2024, 1, 13, 12)
    prepared = run(tmp_path, model=model, feedback=path, until=until)
    assert prepared.rows["later"] == 0
    assert rows(tmp_path, "count(*), max(__time), count(t) FROM {t} WHERE x = -1") == [
        (100, datetime(2024, 1, 13, 11), 0)
    ]
    assert rows(
        tmp_path, "count(*) FROM {t} WHERE __time >= TIMESTAMP '2024-01-10' AND x <> -1"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": ""}, "lacks the column n"),
        ({"x": "'text'"}, "has x as string"),
        ({"__time": "1"}, "__time"),
    ],
)
def test_feedback_of_another_schema_is_refused(
    tmp_path: Path, change: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        run(tmp_path, feedback=feedback(tmp_path, **change))
