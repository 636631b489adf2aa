"""Collection copies what arrived, and refuses what is not what it says, with its place."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mdlc.components.collection.readers.csv import Csv
from mdlc.components.collection.stage import collect, source_digests
from mdlc.core.documents.prepared_data import Snapshot
from mdlc.core.errors import DataError, MdlcError, SpecError
from mdlc.core.files import read_document
from mdlc.core.spec.data import Data

CSV = "a,b\n1,x\n2,NA\n"


def data_of(source: dict[str, Any]) -> Data:
    return Data.model_validate({"sources": {"s": source}, "target": "a"})


def run(tmp_path: Path, source: dict[str, Any], name: str = "out") -> Snapshot:
    out = tmp_path / name
    out.mkdir()
    return collect(data_of(source), root=tmp_path, out=out)


def rows(tmp_path: Path) -> list[Any]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM '{tmp_path}/out/s.parquet'").fetchall()


def test_csv_becomes_parquet_with_a_stable_digest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    first, second = (run(tmp_path, {"csv": "a.csv"}, name) for name in ("out", "again"))
    assert rows(tmp_path) == [(1, "x"), (2, None)]
    assert first == second == read_document(tmp_path / "out/snapshot.json", Snapshot)
    assert first.sources["s"].columns == {"a": "int64", "b": "string"}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["s.parquet", "snapshot.json"]
    digests = source_digests(data_of({"csv": "a.csv"}), root=tmp_path)
    assert digests == {"s": first.sources["s"].source_digest}


def test_rows_are_raw_whatever_preparation_will_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    run(tmp_path, {"csv": "a.csv", "columns": ["a"], "rename": {"a": "c"}, "where": "c > 1"})
    assert len(rows(tmp_path)) == 2


@pytest.mark.parametrize(
    "kind", ["tsv", "gz", "zip", "json", "lines", "parquet", "glob", "package"]
)
def test_every_format_and_location_is_read(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source: dict[str, Any] = {"csv": "a.csv"}
    if kind == "tsv":
        (tmp_path / "a.tsv").write_text(CSV.replace(",", "\t"))
        source = {"tsv": "a.tsv"}
    elif kind == "gz":
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()))
        source = {"csv": "a.csv.gz"}
    elif kind == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("../../evil.csv", CSV)
        source = {"csv": "a.zip"}
    elif kind in {"json", "lines"}:
        text = '[{"a":1,"b":"x"},{"a":2}]' if kind == "json" else '{"a":1,"b":"x"}\n{"a":2}\n'
        (tmp_path / "a.json").write_text(text)
        source = {"json": "a.json"}
    elif kind == "parquet":
        duckdb.sql(f"COPY (FROM (VALUES (1,'x'),(2,NULL)) t(a,b)) TO '{tmp_path}/a.parquet'")
        source = {"parquet": str(tmp_path / "a.parquet")}
    elif kind == "glob":
        (tmp_path / "1.csv").write_text("a,b\n1,x\n")
        (tmp_path / "2.csv").write_text("a,b\n2,NA\n")
        source = {"csv": "?.csv", "types": {"b": "VARCHAR"}}
    else:
        (tmp_path / "broken_package").mkdir()
        (tmp_path / "broken_package/__init__.py").write_text("raise RuntimeError")
        (tmp_path / "broken_package/a.csv").write_text(CSV)
        monkeypatch.syspath_prepend(str(tmp_path))
        source = {"csv": "package://broken_package/a.csv"}
    run(tmp_path, source)
    assert rows(tmp_path) == [(1, "x"), (2, None)]
    assert not (tmp_path.parent / "evil.csv").exists()


def test_columns_without_a_header_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,x\n2,y\n")
    snapshot = run(tmp_path, {"csv": "a.csv", "header": False})
    assert list(snapshot.sources["s"].columns) == ["column0", "column1"]


def test_a_text_in_the_last_row_makes_a_text_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 30_000 + "x\n")
    assert run(tmp_path, {"csv": "a.csv"}).sources["s"].columns == {"a": "string"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has no rows"),
        (b"a,b\n1,2\n3,4,5\n", "line 3: 3 values where the first line has 2"),
        (b"a,b\n1,2\n3\n", "line 3: 1 values where the first line has 2"),
        (b"a,b\n" + b"1,2\n" * 30_000 + b"1,2,3\n", "line 30002: 3 values"),
        (b'a,b\n1,2\n"3,4\n', "line 3: a quote is opened and not closed"),
        (b"a,b\n1,\xff\xfe\n", "the text is not UTF-8"),
        (b"a,A\n1,2\n", "two columns are called A"),
        (b"a,b c\n1,2\n", "'b c' is not a column name"),
    ],
)
def test_a_broken_csv_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        run(tmp_path, {"csv": "a.csv"})
    assert message in str(caught.value)
    assert caught.value.where == "spec.data.sources.s.csv"
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_renamed_column_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b c\n1,2\n")
    run(tmp_path, {"csv": "a.csv", "rename": {"b c": "b_c"}})


@pytest.mark.parametrize(
    ("source", "message", "kind"),
    [
        ({"csv": "flight.csv"}, "did you mean flights.csv?", DataError),
        ({"csv": "*.tsv"}, "no file matches", DataError),
        ({"csv": "."}, "is a folder", DataError),
        ({"csv": "package://no_such_package/a.csv"}, "pip install no_such_package", DataError),
        ({"csv": "package://nowhere"}, "is not package://NAME/FILE", SpecError),
        ({"csv": "flights.csv", "types": {"q": "VARCHAR"}}, "no column q", SpecError),
        ({"csv": "flights.csv", "types": {"a": "INTT"}}, "not a DuckDB type", SpecError),
        (
            {"csv": "flights.csv", "types": {"b": "INTEGER"}},
            "1 value of b is not INTEGER, such as x",
            DataError,
        ),
        ({"parquet": "half.parquet"}, "is not a whole Parquet file", DataError),
        ({"json": "half.json"}, "not readable as json", DataError),
        ({"json": "ragged.json"}, "a has values of different kinds", DataError),
        ({"json": "numbers.json"}, "not readable as json", DataError),
        ({"csv": "two.zip"}, "holds 2 files", DataError),
        ({"csv": "half.zip"}, "is not a whole .zip", DataError),
        ({"csv": "half.csv.gz"}, "is not a whole .gz", DataError),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(
    tmp_path: Path, source: dict[str, Any], message: str, kind: type[MdlcError]
) -> None:
    (tmp_path / "flights.csv").write_text(CSV)
    duckdb.sql(f"COPY (SELECT range AS a FROM range(1000)) TO '{tmp_path}/whole.parquet'")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "half.json").write_text('[{"a":1},{"a"')
    (tmp_path / "ragged.json").write_text('[{"a":1},{"a":{"b":2}}]')
    (tmp_path / "numbers.json").write_text("[1, 2]")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    (tmp_path / "half.zip").write_bytes((tmp_path / "two.zip").read_bytes()[:60])
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress(CSV.encode() * 99)[:30])
    with pytest.raises(kind) as caught:
        run(tmp_path, source)
    assert message in str(caught.value)
    assert caught.value.where.startswith("spec.data.sources.s.")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out/snapshot.json").exists()


def test_a_changed_file_changes_the_digest(tmp_path: Path) -> None:
    data = data_of({"csv": "*.csv"})
    (tmp_path / "a.csv").write_text(CSV)
    (tmp_path / "b.csv").write_text(CSV)
    before = source_digests(data, root=tmp_path)
    (tmp_path / "b.csv").write_text(CSV + "3,z\n")
    assert source_digests(data, root=tmp_path) != before


@pytest.mark.parametrize("method", ["digest", "open"])
def test_whatever_a_reader_raises_is_an_error_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("sheet 1\nof many")

    (tmp_path / "a.csv").write_text(CSV)
    monkeypatch.setattr(Csv, method, broken)
    with pytest.raises(DataError) as caught:
        run(tmp_path, {"csv": "a.csv"})
    assert caught.value.where == "spec.data.sources.s.csv"
    assert "\n" not in str(caught.value)
