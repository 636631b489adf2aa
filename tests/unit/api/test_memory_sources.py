"""A table in memory becomes one file by its content; what a file would not keep is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mdlc.api.memory_sources import is_table, write_table
from mdlc.components.collection.stage import opened
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Data


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]} | columns)


def stored(table: Any, folder: Path, **options: Any) -> pd.DataFrame:
    return pd.read_parquet(write_table(table, name="rows", folder=folder, **options))


def test_equal_rows_are_one_file_whatever_holds_them(tmp_path: Path) -> None:
    """Chunks of an Arrow table and pandas' own notes are not content."""
    whole = pa.Table.from_pandas(frame())
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    paths = {write_table(t, name="rows", folder=tmp_path) for t in (frame(), whole, pieces)}
    assert len(paths) == 1
    assert [p.name for p in (tmp_path / "sources").iterdir()] == [next(iter(paths)).name]


def test_another_value_is_another_file(tmp_path: Path) -> None:
    one = write_table(frame(), name="rows", folder=tmp_path)
    assert write_table(frame(a=[1, 2, 4]), name="rows", folder=tmp_path) != one


def test_types_arrive_at_the_reader_of_sources_as_they_were(tmp_path: Path) -> None:
    when = pd.Series(["2026-01-01", None, "2026-01-03"], dtype="datetime64[ns]")
    table = frame(
        small=np.array([1, 2, 3], "int8"),
        half=np.array([0.5, 1, 2], "float32"),
        yes=[True, False, True],
        when=when,
        day=[date(2026, 1, 1)] * 3,
        kind=pd.Categorical(["u", "v", "u"]),
        whole=pd.array([1, None, 3], "Int64"),
    )
    path = write_table(table, name="rows", folder=tmp_path)
    data = Data.model_validate({"sources": {"rows": {"parquet": str(path)}}, "target": "a"})
    with opened(data, root=tmp_path) as tables:
        found = {column: str(kind) for column, kind in tables["rows"].schema().items()}
    assert found == {
        "a": "int64",
        "b": "string",
        "small": "int8",
        "half": "float32",
        "yes": "boolean",
        "when": "timestamp(6)",
        "day": "date",
        "kind": "string",
        "whole": "int64",
    }


def test_an_index_with_a_name_becomes_a_column(tmp_path: Path) -> None:
    named = frame().set_index(pd.Index(["p", "q", "r"], name="key"))
    assert list(stored(named, tmp_path)["key"]) == ["p", "q", "r"]


def test_row_numbers_without_a_name_are_left_out(tmp_path: Path) -> None:
    kept = frame()[lambda f: f["a"] > 1]
    assert list(stored(kept, tmp_path).columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (frame().set_index(pd.Index(["p", "q", "r"])), "the index of the DataFrame has no name"),
        (frame(long=[timedelta(1)] * 3), "column long holds duration"),
        (frame(mixed=[1, "two", 3.0]), "cannot be kept"),
        (frame(complex=[1j, 2j, 3j]), "cannot be kept"),
        (pd.DataFrame({0: [1]}), "which is not text"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "2 columns of the DataFrame are called a"),
        (frame(kind=pd.Categorical([1, 2, 1])), "column kind is a category of int64"),
    ],
    ids=["index", "duration", "mixed", "complex", "number as name", "twice", "category"],
)
def test_what_a_file_would_not_keep_is_refused(
    tmp_path: Path, table: pd.DataFrame, says: str
) -> None:
    with pytest.raises(DataError, match=says) as raised:
        write_table(table, name="rows", folder=tmp_path)
    assert raised.value.where == "spec.data.sources.rows"
    assert raised.value.hint


def test_a_category_of_numbers_is_kept_where_the_file_says_that_it_is_one(tmp_path: Path) -> None:
    table = frame(kind=pd.Categorical([1, 2, 1]))
    assert list(stored(table, tmp_path, categories={"kind"})["kind"]) == [1, 2, 1]


def test_a_table_is_what_arrow_can_read() -> None:
    assert is_table(frame())
    assert is_table(pa.table({"a": [1]}))
    assert not is_table({"a": [1]})
    assert not is_table("rows.csv")
