"""What a cell says is kept, or the run stops with one line, or a remark says what was done."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mdlc.components.collection.readers.csv import Csv
from mdlc.components.collection.stage import collect
from mdlc.core.documents.prepared_data import SourceSnapshot
from mdlc.core.errors import DataError, MdlcError, SpecError
from mdlc.core.spec.data import Data


def read(folder: Path, sensitive: tuple[str, ...] = (), **source: Any) -> SourceSnapshot:
    """Collect one source named s of `folder`."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    data = {"sources": {"s": source}, "target": "y", "sensitive": list(sensitive)}
    return collect(Data.model_validate(data), root=folder, out=out).sources["s"]


def column(folder: Path, name: str) -> list[Any]:
    """Return the values of a column that was collected."""
    values: list[Any] = pq.read_table(folder / "out/s.parquet").column(name).to_pylist()
    return values


def of_cells(folder: Path, cells: list[str], **keys: Any) -> SourceSnapshot:
    """Collect a CSV with a column v that has these cells, and y beside it."""
    rows = "".join(f'"{cell}",{n}\n' for n, cell in enumerate(cells))
    (folder / "a.csv").write_text(f"v,y\n{rows}")
    return read(folder, csv="a.csv", **keys)


def said(source: SourceSnapshot) -> list[str]:
    return [str(remark) for remark in source.remarks]


KEPT = {
    "ids over 2^63": ["89492220100000000000", "89492220100000000017"],
    "a zip code": ["01234", "98765"],
    "a phone number": ["+4915112345678", "+4915112345679"],
    "a code with an E": ["5E2", "123", "7E1"],
    "hexadecimal": ["0x1F", "0x20"],
    "a version": ["10.4.11", "9.8.2"],
    "a version with a year": ["2024.1.3", "2023.10.1"],
    "a time of day": ["08:30", "17:00:05"],
    "a grouped number": ["1_000", "2_000"],
    "a decimal comma": ["1,5", "2,25"],
    "thousands": ["1,234", "12,345"],
    "a percentage": ["5%", "7.5 %"],
    "a short year": ["01/02/24", "03/04/25"],
    "an impossible date": ["2024-02-30", "2024-02-28"],
    "both orders of day and month": ["31/01/2024", "01/31/2024"],
    "a number over all": ["1e400", "1"],
}


@pytest.mark.parametrize("cells", KEPT.values(), ids=list(KEPT))
def test_a_text_that_only_looks_like_something_else_stays_as_it_is(
    tmp_path: Path, cells: list[str]
) -> None:
    assert of_cells(tmp_path, cells).columns["v"] == "string"
    assert column(tmp_path, "v") == cells


@pytest.mark.parametrize("kind", [name for name in KEPT if name != "a version"])
def test_where_another_reading_was_possible_one_line_says_so(tmp_path: Path, kind: str) -> None:
    lines = said(of_cells(tmp_path, KEPT[kind]))
    if kind in {"a version with a year", "a number over all", "an impossible date"}:
        assert len(lines) <= 1
        return
    (line,) = lines
    assert line.startswith("s.v: ")
    assert KEPT[kind][0] in line or KEPT[kind][1] in line


READ = [
    (["1", "-2", ""], [1, -2, None]),
    (["1", "2.5", "nan"], [1.0, 2.5, float("nan")]),
    (["1e-05", "0.25"], [1e-05, 0.25]),
    (["1013.5"] * 20 + ["1e3"], [1013.5] * 20 + [1000.0]),
    (["2024-01-31", "2024/02/01"], [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]),
    (["2024-01-31 10:30"], [dt.datetime(2024, 1, 31, 10, 30)]),
    (["2024-01-31T10:30:00+02:00"], [dt.datetime(2024, 1, 31, 8, 30, tzinfo=dt.UTC)]),
    (["31/01/2024", "01/02/2024"], [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]),
    (["01/31/2024", "02/01/2024"], [dt.date(2024, 1, 31), dt.date(2024, 2, 1)]),
    (["31.1.2024 8:05"], [dt.datetime(2024, 1, 31, 8, 5)]),
    (["True", "False"], ["True", "False"]),
    (["yes", "no"], ["yes", "no"]),
    (["9007199254740993"], [9007199254740993]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "values"), READ)
def test_what_all_rows_prove_is_read(tmp_path: Path, cells: list[str], values: list[Any]) -> None:
    of_cells(tmp_path, cells)
    assert [str(v) for v in column(tmp_path, "v")] == [str(v) for v in values]


def test_dates_that_two_countries_read_differently_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        of_cells(tmp_path, ["09/01/2022", "06/01/2021"])
    assert "v: dates such as" in str(caught.value)
    assert "spec.data.sources.s.date_format: {v: '%m/%d/%Y' or '%d/%m/%Y'}" in str(caught.value)
    of_cells(tmp_path, ["09/01/2022"], date_format={"v": "%m/%d/%Y"})
    assert column(tmp_path, "v") == [dt.date(2022, 9, 1)]
    of_cells(tmp_path, ["09/01/2022"], date_format="%d/%m/%Y")
    assert column(tmp_path, "v") == [dt.date(2022, 1, 9)]
    of_cells(tmp_path, ["09/01/2022"], types={"v": "VARCHAR"})
    assert column(tmp_path, "v") == ["09/01/2022"]


def test_a_format_that_a_date_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 value of v is not %d/%m/%Y, such as 01/31/2022"):
        of_cells(tmp_path, ["01/31/2022", "01/01/2022"], date_format={"v": "%d/%m/%Y"})
    with pytest.raises(DataError, match="no column has dates such as %Y%m%d"):
        of_cells(tmp_path, ["x"], date_format="%Y%m%d")


def test_a_few_cells_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    cells = [str(n / 4) for n in range(200)] + ["?"]
    (line,) = said(of_cells(tmp_path, cells))
    assert "200 of 201 values are numbers: not ?" in line
    assert "spec.data.sources.s.nulls" in line
    (line,) = said(read(tmp_path, csv="a.csv", sensitive=("v",)))
    assert "?" not in line
    of_cells(tmp_path, cells, nulls=["", "?"])
    assert column(tmp_path, "v")[-1] is None


def test_words_for_missing_are_counted_in_texts(tmp_path: Path) -> None:
    (line,) = said(of_cells(tmp_path, ["DE", "NA", "NA"]))
    assert "2 cells with the text NA are read as missing" in line
    assert said(of_cells(tmp_path, ["DE", "NA"], nulls=[""])) == []
    assert column(tmp_path, "v") == ["DE", "NA"]


CHANGING = [
    ("INTEGER", "2.7"),
    ("DECIMAL(5,2)", "1.239"),
    ("DOUBLE", "89492220100000000017"),
    ("FLOAT", "16777217"),
    ("DATE", "2024-01-05 10:30"),
    ("TIMESTAMP", "2024-01-05T10:30:00+02:00"),
    ("TIMESTAMP", "2024-01-05 10:30:00.123456789"),
]


@pytest.mark.parametrize(("kind", "cell"), CHANGING)
def test_a_type_that_would_change_a_value_is_refused(tmp_path: Path, kind: str, cell: str) -> None:
    with pytest.raises(DataError) as caught:
        of_cells(tmp_path, [cell], types={"v": kind})
    assert f"would change 1 value of v, such as {cell}" in str(caught.value)
    assert caught.value.where == "spec.data.sources.s.types.v"


def test_a_stated_type_that_holds_every_value_is_taken(tmp_path: Path) -> None:
    of_cells(tmp_path, ["007", "2.0"], types={"v": "BIGINT"})
    assert column(tmp_path, "v") == [7, 2]
    of_cells(tmp_path, ["89492220100000000017"], types={"v": "HUGEINT"})
    assert float(column(tmp_path, "v")[0]) == pytest.approx(8.949e19, rel=1e-3)


DIALECTS: list[tuple[bytes, dict[str, Any]]] = [
    (b"v;y\n1,5;a\n2,25;b\n", {"delimiter": ";", "decimal": ","}),
    (b"v;y\n1.001,5;a\n2,25;b\n", {"delimiter": ";", "decimal": ",", "thousands": "."}),
    (b"v;y\n1.5;a\n2.25;b\n", {}),
    (b"v\ty\n1.5\ta\n2.25\tb\n", {}),
    ("v,y\n1.5,a\n2.25,b\n".encode("utf-16"), {}),
    ("v,y\n1.5,a\n2.25,b\n".encode("utf-16-le"), {}),
    ("v,y\n1.5,a\n2.25,b\n".encode("utf-16"), {"encoding": "utf-16"}),
    ("v,y\n1.5,ä\n2.25,b\n".encode("cp1252"), {"encoding": "cp1252"}),
    (b"v,y\n'1.5','a'\n'2.25','b, c'\n", {"quote": "'"}),
    (b"Report of May\n\nv,y\n1.5,a\n2.25,b\n", {"skip": 2}),
    (b'v,y\n"1,001.5",a\n2.25,b\n', {"thousands": ","}),
    (b"\xef\xbb\xbfv,y\r\n1.5,a\r\n2.25,b\r\n", {}),
]


@pytest.mark.parametrize(("content", "keys"), DIALECTS)
def test_text_is_read_as_its_source_says_or_as_it_cannot_be_missed(
    tmp_path: Path, content: bytes, keys: dict[str, Any]
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    source = read(tmp_path, csv="a.csv", **keys)
    assert source.columns == {"v": "float64", "y": "string"}
    first = 1001.5 if "thousands" in keys else 1.5
    assert column(tmp_path, "v") == [first, 2.25]
    odd = content.startswith((b"v;", b"v\t", b"\xff\xfe")) or b"\0" in content
    assert bool(said(source)) == (odd and not keys)


def test_text_in_another_encoding_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("v,y\nä,1\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"not UTF-8; say how .* spec.data.sources.s.encoding"):
        read(tmp_path, csv="a.csv")
    with pytest.raises(DataError, match=r"a.csv is not utf-8|not UTF-8"):
        read(tmp_path, csv="a.csv", encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value"),
    [("delimiter", ";;"), ("decimal", "x"), ("thousands", "1"), ("encoding", "base64")],
)
def test_a_key_that_cannot_be_is_refused(key: str, value: str) -> None:
    source = {"csv": "a.csv", key: value}
    with pytest.raises(ValueError, match="Value error"):
        Data.model_validate({"sources": {"s": source}, "target": "y"})
    with pytest.raises(ValueError, match="means nothing to"):
        Data.model_validate({"sources": {"s": {"parquet": "a.parquet", "skip": 1}}, "target": "y"})


def test_a_column_without_a_name_is_left_out_with_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",Unnamed: 0,v,y\n0,0,a,1\n1,1,b,2\n")
    source = read(tmp_path, csv="a.csv")
    assert list(source.columns) == ["v", "y"]
    assert [remark.column for remark in source.remarks] == ["column0", "Unnamed: 0"]
    named = read(tmp_path, csv="a.csv", rename={"column0": "row", "Unnamed: 0": "index"})
    assert list(named.columns) == ["column0", "Unnamed: 0", "v", "y"]


def test_two_columns_of_one_name_can_be_told_apart_by_rename(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("v,V,y\n1,2,3\n")
    with pytest.raises(DataError, match=r"two columns are called V.*rename: \{V.1: NEW\}"):
        read(tmp_path, csv="a.csv")
    assert list(read(tmp_path, csv="a.csv", rename={"V.1": "w"}).columns) == ["v", "V.1", "y"]


def parquet(folder: Path, name: str, **columns: pa.Array) -> None:
    pq.write_table(pa.table(columns), folder / name)


UNIFIED = [
    (pa.array([1, 2]), pa.array([0.25, 0.4]), [1.0, 2.0, 0.25, 0.4]),
    (pa.array([1], pa.int8()), pa.array([2**40]), [1, 2**40]),
    (pa.array([1], pa.uint32()), pa.array([-1], pa.int32()), [1, -1]),
    (pa.array([None], pa.null()), pa.array(["x"]), [None, "x"]),
    (
        pa.array([dt.date(2024, 1, 1)]),
        pa.array([dt.datetime(2024, 1, 1, 5)]),
        [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 5)],
    ),
]


@pytest.mark.parametrize(("first", "second", "values"), UNIFIED)
def test_parquet_files_of_several_types_get_one_that_holds_all(
    tmp_path: Path, first: pa.Array, second: pa.Array, values: list[Any]
) -> None:
    parquet(tmp_path, "m1.parquet", v=first)
    parquet(tmp_path, "m2.parquet", v=second)
    read(tmp_path, parquet="m*.parquet")
    assert column(tmp_path, "v") == values


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([1]), pa.array(["x"])),
        (pa.array([2**53 + 1]), pa.array([0.5])),
        (pa.array([True]), pa.array([1])),
        (pa.array([dt.datetime(2024, 1, 1)]), pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)])),
    ],
)
def test_types_that_no_type_holds_are_refused_by_file_and_column(
    tmp_path: Path, first: pa.Array, second: pa.Array
) -> None:
    parquet(tmp_path, "m1.parquet", v=first)
    parquet(tmp_path, "m2.parquet", v=second)
    with pytest.raises(DataError, match=r"v is .* in m1.parquet and .* in m2.parquet"):
        read(tmp_path, parquet="m*.parquet")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_that_some_files_lack_is_named_with_a_file(tmp_path: Path, kind: str) -> None:
    for name, query in (("m1", "SELECT 1 AS v, 2 AS y"), ("m2", "SELECT 3 AS y, 4 AS w, 5 AS v")):
        duckdb.sql(f"COPY ({query}) TO '{tmp_path}/{name}.{kind}'")
    where: dict[str, Any] = {kind: f"m*.{kind}"}
    source = read(tmp_path, **where)
    (line,) = said(source)
    assert line.startswith("s.w: it is not in m1")
    assert column(tmp_path, "v") == [1, 5]
    assert column(tmp_path, "w") == [None, 4]


def test_a_type_is_decided_from_the_rows_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "m1.csv").write_text("v,y\n" + "1,2\n" * 30)
    (tmp_path / "m2.csv").write_text("v,y\nlate,2\n")
    (line,) = said(read(tmp_path, csv="m*.csv"))
    assert "30 of 31 values are numbers: not late in m2.csv" in line.replace(
        str(tmp_path) + "/", ""
    )


def test_pandas_times_in_parquet_are_times(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC)
    parquet(tmp_path, "a.parquet", v=pa.array([moment], pa.timestamp("ns", "UTC")))
    assert read(tmp_path, parquet="a.parquet").columns["v"].startswith("timestamp(")
    assert column(tmp_path, "v")[0] == moment


JSONS: list[tuple[str, list[Any]]] = [
    ('[{"v": 89492220100000000017}, {"v": 1}]', ["89492220100000000017", "1"]),
    ('{"v": "10.4.11"}\n{"v": null}', ["10.4.11", None]),
    ('[{"v": "08:30"}]', ["08:30"]),
    ('[{"v": "5E2"}, {"v": "007"}]', ["5E2", "007"]),
    ('[{"v": true}, {"v": false}]', [True, False]),
    ('[{"v": 1}, {"v": 2.5}]', [1.0, 2.5]),
    ('[{"v": "2024-01-31"}]', [dt.date(2024, 1, 31)]),
    ('[{"v": {"a": 1}}]', [{"a": 1}]),
]


@pytest.mark.parametrize(("content", "values"), JSONS)
def test_json_says_what_it_says(tmp_path: Path, content: str, values: list[Any]) -> None:
    (tmp_path / "a.json").write_text(content)
    read(tmp_path, json="a.json")
    assert column(tmp_path, "v") == values


def test_json_of_mixed_kinds_is_refused_or_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"v": 1}, {"v": "?"}]')
    with pytest.raises(DataError, match="v has values of different kinds: numbers and texts"):
        read(tmp_path, json="a.json")
    read(tmp_path, json="a.json", types={"v": "VARCHAR"})
    assert column(tmp_path, "v") == ["1", "?"]
    (tmp_path / "a.json").write_text('[{"v": 1, "V": 2}]')
    with pytest.raises(DataError, match="two keys are called"):
        read(tmp_path, json="a.json")


def test_an_unknown_column_of_types_is_named_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("v,y\n1,2\n")
    (tmp_path / "a.json").write_text('[{"v": 1}]')
    parquet(tmp_path, "a.parquet", v=pa.array([1]))
    errors: list[MdlcError] = []
    for kind in ("csv", "json", "parquet"):
        where: dict[str, Any] = {kind: f"a.{kind}"}
        with pytest.raises(SpecError, match="no column vv; did you mean v") as caught:
            read(tmp_path, **where, types={"vv": "VARCHAR"})
        errors.append(caught.value)
    assert {error.where for error in errors} == {"spec.data.sources.s.types.vv"}


SAID = {
    "numbers that may be dates": (["20240131", "20230301"], "may be dates"),
    "numbers with other cells": (["1", "2", "3", "(4)"], "3 of 4 values are numbers: not (4)"),
    "dates written in two ways": (["2024-01-31", "31/01/2024"], "written in several ways"),
    "versions": (["1.1", "1.10", "1.25"], "1.1 and 1.10 are one number"),
    "spaces between thousands": (["1 234", "22 345"], "may stand between thousands"),
}


@pytest.mark.parametrize("kind", SAID)
def test_what_may_be_something_else_is_said(tmp_path: Path, kind: str) -> None:
    cells, words = SAID[kind]
    (line,) = said(of_cells(tmp_path, cells))
    assert words in line


def test_prices_with_two_decimals_are_numbers_without_a_word(tmp_path: Path) -> None:
    assert said(of_cells(tmp_path, ["1.10", "2.50", "12.25"])) == []


def test_a_point_where_the_comma_is_the_decimal_mark_is_named(tmp_path: Path) -> None:
    (line,) = said(of_cells(tmp_path, ["1.5", "2.5"], decimal=","))
    assert "the mark in 1.5, 2.5" in line


def test_json_numbers_are_no_codes_and_quoted_ones_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"v": 1e3, "w": "1"}, {"v": 2, "w": "2"}]')
    found = read(tmp_path, json="a.json")
    assert found.columns == {"v": "float64", "w": "string"}
    assert [remark.column for remark in found.remarks] == ["w"]


def test_types_that_the_engine_lacks_are_said(tmp_path: Path) -> None:
    long = pa.array([1], pa.duration("us"))
    pq.write_table(pa.table({"v": long, "y": [1]}), tmp_path / "a.parquet")
    assert said(read(tmp_path, parquet="a.parquet")) == ["s.v: duration[us] is read as BIGINT"]


def test_a_plug_ins_table_goes_by_the_rules_of_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_table(_: Any, connection: Any, *__: Any, **___: Any) -> Any:
        import ibis

        table = pa.table({"id": [2**53 + 1], "v": [0.5], "y": [1]})
        return connection.create_view("given", ibis.memtable(table))

    monkeypatch.setattr(Csv, "open", read_table)
    (tmp_path / "a.csv").write_text("any\n")
    (line,) = said(read(tmp_path, csv="a.csv"))
    assert "a model rounds 1 of its numbers" in line
    with pytest.raises(DataError, match="INTEGER would change 1 value of v, which is DOUBLE"):
        read(tmp_path, csv="a.csv", types={"v": "INTEGER"})
