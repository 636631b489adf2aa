"""Small inputs that were read wrongly, each with what is right: tests/cases/reading."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

import mdlc
from mdlc.components.collection.stage import collect
from mdlc.components.preparation.stage import prepare
from mdlc.core.columns import from_values
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.errors import DataError, SpecError
from mdlc.core.files import read_document

CASES = Path(__file__).parents[2] / "cases" / "reading"


class Read:
    """A case as collection and preparation make it of its file, or of another source for it."""

    def __init__(self, case: str, folder: Path, file: str = "lifecycle.yaml", **rows: Any) -> None:
        self.folder = folder / "case"
        shutil.copytree(CASES / case, self.folder)
        self.out = folder
        spec = mdlc.load(self.folder / file).spec
        if rows:
            given = spec.data.model_dump(by_alias=True, exclude_unset=True)
            given["sources"]["rows"] = rows
            spec = spec.model_copy(update={"data": type(spec.data).model_validate(given)})
        snapshot, prepared = folder / "snapshot", folder / "prepared"
        snapshot.mkdir()
        prepared.mkdir()
        collect(spec.data, root=self.folder, out=snapshot)
        prepare(spec.data, model=spec.model, snapshot=snapshot, out=prepared)
        self.prepared = read_document(prepared / "prepared.json", Prepared)
        sources = read_document(snapshot / "snapshot.json", Snapshot).sources
        self.said = [str(remark) for source in sources.values() for remark in source.remarks]
        self.kinds = {feature.name: feature.kind for feature in self.prepared.features}

    def ask(self, query: str) -> Any:
        """Return the first value that SQL over the prepared table t gives."""
        table = str(self.out / "prepared" / "table.parquet")
        with duckdb.connect() as connection:
            connection.execute(f"CREATE VIEW t AS FROM '{table}'")
            row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_a_renamed_column_is_read_under_its_name(tmp_path: Path) -> None:
    assert Read("rename-ignored-by-run", tmp_path).kinds == {"age": "number"}


def test_ids_over_2_to_the_63_find_their_own_rows(tmp_path: Path) -> None:
    read = Read("ids-over-2-63", tmp_path)
    assert read.ask("SELECT count(calls) FROM t") == 400
    assert read.ask("SELECT count(*) FROM t") == 800


def test_such_ids_are_keys(tmp_path: Path) -> None:
    read = Read("ids-over-2-63", tmp_path, "as-key.yaml")
    assert read.ask("SELECT count(DISTINCT __key) FROM t") == 800


def test_files_of_two_types_keep_their_fractions(tmp_path: Path) -> None:
    read = Read("parquet-glob-first-file-decides", tmp_path)
    assert {0.25, 0.4, 1.5, 2.75} <= set(read.ask("SELECT list(DISTINCT spend) FROM t"))
    assert any("BIGINT in m1.parquet, DOUBLE in m2.parquet" in line for line in read.said)


def test_dates_that_two_countries_read_differently_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"billing_start.*day first or the month") as caught:
        Read("us-dates", tmp_path)
    assert "%m/%d/%Y" in caught.value.hint


def test_init_takes_the_order_that_another_column_proves_or_asks(tmp_path: Path) -> None:
    shutil.copytree(CASES / "us-dates", tmp_path / "case")
    life = mdlc.init(tmp_path / "case/subs.csv", target="churned", file=tmp_path / "l.yaml")
    source = life.spec.data.sources["rows"]
    proven = {"billing_start": "%m/%d/%Y"}
    assert source.date_format == proven or source.types == {"billing_start": "VARCHAR"}


@pytest.mark.parametrize("file", ["devices.csv", "same-first-row-differs.csv"])
def test_a_version_is_a_category_whatever_the_first_row(tmp_path: Path, file: str) -> None:
    assert Read("version-becomes-date", tmp_path, csv=file).kinds["firmware"] == "category"


def test_a_row_number_of_pandas_is_left_out_with_a_line(tmp_path: Path) -> None:
    read = Read("pandas-index-is-a-feature", tmp_path)
    assert read.kinds == {"age": "number"}
    assert any("column0: it has no name in the file" in line for line in read.said)


def test_one_question_mark_is_named(tmp_path: Path) -> None:
    read = Read("one-question-mark", tmp_path)
    (line,) = read.said
    assert "3,999 of 4,000 values are numbers: not ?" in line


def test_as_a_word_for_missing_it_leaves_a_number(tmp_path: Path) -> None:
    read = Read("one-question-mark", tmp_path, csv="loans.csv", nulls=["", "?"])
    assert read.kinds["income"] == "number"


def test_true_of_a_csv_is_true_of_json(tmp_path: Path) -> None:
    read = Read("bool-True-vs-true", tmp_path)
    (premium,) = [f for f in read.prepared.features if f.name == "premium"]
    asked = from_values(premium, ["True", True, False, "False", "true"])
    assert asked.tolist() == ["True", "True", "False", "False", "True"]


def test_nanoseconds_with_a_zone_are_a_time(tmp_path: Path) -> None:
    assert Read("parquet-ns-tz", tmp_path).prepared.has_time


def test_a_target_of_1_0_and_0_0_is_two_classes(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="the target has classes"):
        mdlc.load(CASES / "float-target" / "lifecycle.yaml").validate()
    life = mdlc.init(
        CASES / "float-target" / "data.csv", target="churned", file=tmp_path / "l.yaml"
    )
    assert '"0": -1, "1": 2' in (tmp_path / "l.yaml").read_text()
    assert life.read_data().without_target == 46


NAMES = ["UPPER.CSV", "data.csv", "data.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_init_writes_a_file_for_any_name(tmp_path: Path, name: str) -> None:
    data = CASES / "init-refuses-names" / name
    life = mdlc.init(data, target="churned", file=tmp_path / "l.yaml")
    renamed = life.spec.data.sources["rows"].rename
    (tmp_path / "out").mkdir()
    collect(life.spec.data, root=tmp_path, out=tmp_path / "out")
    if name == "data.csv":
        assert renamed == {
            "Customer Age": "customer_age",
            "spend.total": "spend_total",
            "größe": "groesse",
        }


def test_init_renames_what_scikit_learn_calls_its_columns(tmp_path: Path) -> None:
    data = CASES / "init-names" / "iris.csv"
    life = mdlc.init(data, target="target", file=tmp_path / "l.yaml")
    renamed = life.spec.data.sources["rows"].rename
    assert renamed["sepal length (cm)"] == "sepal_length_cm"


EUROPEAN = {
    "data.csv": {"delimiter": ";", "decimal": ","},
    "semicolon.csv": {"delimiter": ";", "decimal": "."},
    "utf16.csv": {"encoding": "utf-16", "decimal": "."},
}


@pytest.mark.parametrize("name", EUROPEAN)
def test_a_european_file_is_recognized_and_read(tmp_path: Path, name: str) -> None:
    data = CASES / "european-csv" / name
    life = mdlc.init(data, target="churned", file=tmp_path / "l.yaml")
    source = life.spec.data.sources["rows"]
    assert {key: getattr(source, key) for key in EUROPEAN[name]} == EUROPEAN[name]
    (tmp_path / "out").mkdir()
    found = collect(life.spec.data, root=tmp_path, out=tmp_path / "out").sources["rows"]
    assert found.columns["spend"] == "float64"


@pytest.mark.slow
def test_rows_are_answered_alike_in_every_format(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    shutil.copytree(CASES / "predict-csv-reads-other-than-training", folder)
    life = mdlc.load(folder / "lifecycle.yaml")
    life.run()
    table, plain = (life.predict_file(folder / f"new.{kind}") for kind in ("csv", "json"))
    assert table["predictions"] == plain["predictions"]
    third = table["predictions"][2]
    assert third["action"] == "act"
    assert third["scores"]["leaves"] == pytest.approx(0.55, abs=0.01)
    assert len(life.predict_file(folder / "new_na.csv")["predictions"]) == 2
