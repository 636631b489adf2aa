"""Rows to predict mean what the same cells mean in training, in every format."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mdlc.components.collection.rows_file import open_rows
from mdlc.core import engine
from mdlc.core.columns import Feature
from mdlc.core.errors import DataError, StageError
from mdlc.core.spec.data import Data
from mdlc.life import feature_rows as reading
from mdlc.life.predictions import opened_rows

FEATURES = [
    Feature(name="income", kind="number"),
    Feature(name="paperless", kind="category", truth=("no", "yes")),
    Feature(name="premium", kind="number"),
    Feature(name="zip", kind="category"),
    Feature(name="code", kind="category"),
]
EXPECTED = {
    "income": [80.0, "nan"],
    "paperless": ["yes", "no"],
    "premium": [1.0, 0.0],
    "zip": ["01234", "5E2"],
    "code": ["1", "2"],
}


def read(
    path: Path, features: list[Feature] = FEATURES, **source: Any
) -> tuple[list[str], dict[str, list[Any]], list[str]]:
    """Return ids, features and lines; the source is a CSV with these keys."""
    table = {"key": ["zip"]} if source.pop("keyed", False) else {}
    data = Data.model_validate(
        {"sources": {"s": {"csv": "t.csv", **source}}, "target": "y", "table": table}
    )
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    connection = engine.connect(scratch=scratch)
    try:
        rows = open_rows(path, data=data, connection=connection, scratch=scratch)
        numeric = {"income", "premium", "code"}
        asked = reading.plan(rows, features=features, data=data, numeric=numeric, path=path)
        ids: list[str] = []
        batch: dict[str, list[Any]] = {feature.name: [] for feature in features}
        for names, part in reading.batches(connection, asked):
            ids += [str(name) for name in names]
            for name, values in part.items():
                batch[name] += ["nan" if str(v) == "nan" else v for v in values.tolist()]
        return ids, batch, asked.lines(path)
    finally:
        connection.disconnect()


CSV = "income,paperless,premium,zip,code\n80,YES,True,01234,1.0\nNA,no,false,5E2,2\n"
JSON = [
    '{"income": 80, "paperless": true, "premium": true, "zip": "01234", "code": 1.0}',
    '{"income": null, "paperless": "no", "premium": false, "zip": "5E2", "code": "2"}',
]


def as_parquet(path: Path) -> None:
    columns = {
        "income": pa.array([80, None]),
        "paperless": pa.array(["yes", "no"]),
        "premium": pa.array([True, False]),
        "zip": pa.array(["01234", "5E2"]),
        "code": pa.array([1.0, 2.0]),
    }
    pq.write_table(pa.table(columns), path)


FILES: dict[str, Callable[[Path], object]] = {
    "rows.csv": lambda path: path.write_text(CSV),
    "ROWS.CSV": lambda path: path.write_text(CSV),
    "rows.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "rows.tsv": lambda path: path.write_text(CSV.replace(",", "\t")),
    "rows.jsonl": lambda path: path.write_text("\n".join(JSON)),
    "rows.json": lambda path: path.write_text(f"[{','.join(JSON)}]"),
    "rows.parquet": as_parquet,
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_cells_are_the_same_features_in_every_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    FILES[name](path)
    ids, batch, lines = read(path)
    assert (batch, ids, lines) == (EXPECTED, ["0", "1"], [])


def test_rows_are_read_wherever_they_are_and_nothing_beside_them(tmp_path: Path) -> None:
    (tmp_path / "beside.csv").write_text(CSV)
    (tmp_path / "rows.csv").write_text(CSV)
    (tmp_path / "link.csv").symlink_to("rows.csv")
    data = Data.model_validate({"sources": {"s": {"csv": "t.csv"}}, "target": "y"})
    with opened_rows(tmp_path / "link.csv", data=data) as asked:
        assert list(asked.rows.columns) == ["income", "paperless", "premium", "zip", "code"]
        with pytest.raises(duckdb.PermissionException):
            asked.connection.raw_sql(f"FROM '{tmp_path}/beside.csv'")


def test_a_reading_that_takes_too_long_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDLC_QUERY_SECONDS", "1")
    (tmp_path / "rows.csv").write_text("income\n" + "1\n" * 200_000)
    data = Data.model_validate({"sources": {"s": {"csv": "t.csv"}}, "target": "y"})
    with opened_rows(tmp_path / "rows.csv", data=data) as asked:
        plan = reading.plan(
            asked.rows, features=FEATURES, data=data, numeric=set(), path=asked.path
        )
        plan = replace(plan, select=plan.select + ", range(1000)")
        with pytest.raises(StageError, match="predict: a query took longer than it may"):
            for _ in reading.batches(asked.connection, plan):
                pass


def test_the_options_of_the_source_are_used(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("Einkommen;zip\n1.234,5;a\n?;b\n".encode("utf-16"))
    keys = {
        "delimiter": ";",
        "decimal": ",",
        "thousands": ".",
        "nulls": ["?"],
        "encoding": "utf-16",
        "rename": {"Einkommen": "income"},
    }
    ids, batch, _ = read(path, [FEATURES[0]], **keys, keyed=True)
    assert (ids, batch) == (["a", "b"], {"income": [1234.5, "nan"]})


def test_what_is_no_feature_is_left_out_and_what_is_not_there_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,income,y\n7,1,no\n8,2,yes\n")
    ids, batch, lines = read(path, FEATURES[:2])
    assert (ids, batch["paperless"]) == (["7", "8"], ["", ""])
    assert lines == [
        "rows.csv: no features, and left out: y",
        "rows.csv: not there, and taken as missing: paperless",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("incom,zip\n1,a\n", "did you mean income"),
        ("a,b\n1,2\n", "no column is a feature; its columns are a, b"),
        ("income\n80\nhigh\n", "feature income, row 1: wanted a number, got 'high'"),
        ("income\n1e39\n", "feature income, row 0: wanted a number, got '1e39'"),
        ('income\n"1,5"\n', "feature income, row 0: wanted a number, got '1,5'"),
    ],
)
def test_a_row_that_would_be_read_wrongly_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert message in str(caught.value)


def test_rows_come_in_chunks_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 7)
    path = tmp_path / "rows.csv"
    path.write_text("income\n" + "".join(f"{n}\n" for n in range(5000)))
    ids, batch, _ = read(path, [FEATURES[0]])
    assert ids == [str(n) for n in range(5000)]
    assert batch["income"] == [float(n) for n in range(5000)]
