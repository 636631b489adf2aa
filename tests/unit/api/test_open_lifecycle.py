"""A lifecycle comes from a file, a dict, or rows in memory, by the same rules and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mdlc
from mdlc.errors import DataError, MdlcError, SpecError, UsageError
from tests import tiny


def document(**sources: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "loans"},
        "spec": {
            "business": {"payoff": {"right": 1, "wrong": -1}},
            "data": {"sources": sources or {"rows": {"csv": "loans.csv"}}, "target": "repaid"},
        },
    }


def rows() -> pd.DataFrame:
    return pd.DataFrame({"income": [1.0, 2.0], "repaid": ["yes", "no"]})


def test_a_dict_has_the_keys_of_the_file(tmp_path: Path) -> None:
    lifecycle = mdlc.load(document(), root=tmp_path)
    assert (lifecycle.name, lifecycle.file) == ("loans", None)
    assert lifecycle.workspace.folder == tmp_path / ".mdlc" / "loans"


def test_a_dict_that_breaks_a_rule_says_where_without_a_line(tmp_path: Path) -> None:
    wrong = document()
    wrong["spec"]["data"]["targte"] = "repaid"
    with pytest.raises(SpecError, match=r"spec\.data\.targte: unknown key") as raised:
        mdlc.load(wrong)
    assert (raised.value.file, raised.value.line) == ("", 0)


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: {"parquet": t}], ids=["bare", "in a key"])
def test_a_source_of_a_dict_may_be_a_table(tmp_path: Path, wrap: Any) -> None:
    lifecycle = mdlc.load(document(rows=wrap(rows())), root=tmp_path)
    path = Path(lifecycle.spec.data.sources["rows"].location)
    assert path.parent == lifecycle.workspace.folder / "sources"
    pd.testing.assert_frame_equal(pd.read_parquet(path), rows())


def test_a_table_takes_the_place_of_a_location_and_the_rest_of_the_source_stays(
    tmp_path: Path,
) -> None:
    given = document(rows={"csv": "gone.csv", "types": {"income": "DOUBLE"}, "where": "income > 1"})
    lifecycle = mdlc.load(given, data={"rows": rows()}, root=tmp_path)
    source = lifecycle.spec.data.sources["rows"]
    assert (source.format, source.where) == ("parquet", "income > 1")
    assert source.types == {"income": "DOUBLE"}, "refused at reading if it changed a value"


def test_tables_go_into_the_lifecycle_of_a_file(tmp_path: Path) -> None:
    file = tiny.write_file(tmp_path)
    table = pd.DataFrame({"id": [1], "asked": ["2026-01-01"]})
    lifecycle = mdlc.load(file, data={"rows": table})
    assert lifecycle.file == file
    assert lifecycle.spec.data.sources["rows"].format == "parquet"
    assert lifecycle.spec.model == mdlc.load(file).spec.model


def test_an_error_about_the_file_has_its_line_from_any_method(tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "rows.csv", days=1)
    file = tiny.write_file(tmp_path, ("features: [x, y, group]", "features: [x, z]"))
    with pytest.raises(SpecError) as raised:
        mdlc.load(file).validate()
    assert raised.value.file == str(file)
    assert raised.value.line == 1 + file.read_text()[: file.read_text().index("x, z")].count("\n")


@pytest.mark.parametrize(
    ("data", "says"),
    [({"row": rows()}, "no source row; did you mean rows"), ({"rows": [1]}, "rows is a list")],
)
def test_data_that_fit_no_source_are_refused(data: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        mdlc.load(document(), data=data)


def test_a_file_has_a_folder_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="root"):
        mdlc.load(tiny.write_file(tmp_path), root=tmp_path)


def test_the_yaml_reads_as_the_same_lifecycle(tmp_path: Path) -> None:
    first = mdlc.load(tiny.write_file(tmp_path))
    (tmp_path / "again.yaml").write_text(first.to_yaml())
    assert mdlc.load(tmp_path / "again.yaml").definition == first.definition
    assert "drift" not in first.to_yaml(), "defaults are not spelled out"


def test_a_saved_file_in_another_folder_finds_the_same_sources(tmp_path: Path) -> None:
    here = mdlc.load(tiny.write_file(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    for place in (tmp_path / "elsewhere" / "l.yaml", tmp_path / "l.yaml"):
        there = mdlc.load(here.save(place))
        location = there.spec.data.sources["rows"].location
        assert (place.parent / location).resolve() == tmp_path / "rows.csv"


def test_a_table_in_memory_is_saved_as_the_file_that_holds_it(tmp_path: Path) -> None:
    lifecycle = mdlc.load(document(rows=rows()), root=tmp_path)
    again = mdlc.load(lifecycle.save(tmp_path / "loans.yaml"))
    location = again.spec.data.sources["rows"].location
    assert not Path(location).is_absolute()
    assert (tmp_path / location).exists()


def test_save_replaces_nothing_unasked(tmp_path: Path) -> None:
    lifecycle = mdlc.load(tiny.write_file(tmp_path))
    with pytest.raises(MdlcError, match="exists"):
        lifecycle.save(tmp_path / "lifecycle.yaml")
    lifecycle.save(tmp_path / "lifecycle.yaml", overwrite=True)


def test_init_fits_a_first_file_to_a_table(tmp_path: Path) -> None:
    many = pd.concat([rows()] * 100, ignore_index=True)
    lifecycle = mdlc.init(many, target="repaid", name="loans", file=tmp_path / "loans.yaml")
    text = (tmp_path / "loans.yaml").read_text()
    assert lifecycle.spec.business.payoff is None
    assert '#     act: {"no": -1, "yes": 2}' in text
    assert lifecycle.validate().name == "loans"


def test_tables_are_read_where_the_home_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    table = pd.concat([rows().assign(income=number) for number in range(100)])
    lifecycle = mdlc.load(document(rows=table), root=tmp_path / "mine", home=tmp_path / "home")
    assert lifecycle.validate().plan()
    saved = mdlc.load(lifecycle.save(tmp_path / "mine/loans.yaml"), home=tmp_path / "home")
    assert saved.validate().name == "loans"


def test_init_never_writes_outside_of_the_workspace(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lower-case"):
        mdlc.init(rows(), target="repaid", name="../x", file=tmp_path / "a" / "l.yaml")
    assert list(tmp_path.iterdir()) == []


def test_init_names_the_column_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean repaid"):
        mdlc.init(rows(), target="repayed", file=tmp_path / "l.yaml")
