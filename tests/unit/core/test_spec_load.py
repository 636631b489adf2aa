"""The file is read strictly: every mistake is one line with its place, its value, its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.core.errors import DataError, SpecError
from mdlc.core.spec import load
from mdlc.core.spec.load import locate
from mdlc.core.spec.parse import MAX_BYTES
from tests.unit.core.spec_text import TEXT, loaded, refused


def line_of(text: str) -> int:
    return 1 + next(i for i, line in enumerate(TEXT.splitlines()) if text in line)


def test_a_whole_file_loads(tmp_path: Path) -> None:
    assert loaded(tmp_path).name == "small"


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("trials: 2", "trails: 2", "spec.model.tuning.trails", "did you mean trials?"),
        ("cooldown: 14d", "cool-down: 14d", "spec.retrain.cool-down", "did you mean cooldown?"),
        ("kind: Lifecycle", "kind: Lifecycle\nspecs: 1", "specs", "did you mean spec?"),
        ("min: 0", "mim: 0", "spec.data.checks[0].mim", "did you mean min?"),
        ("csv: rows.csv", "cvs: rows.csv", "spec.data.sources.rows.cvs", "did you mean csv?"),
        ("name: small", "name: small\n  nmae: b", "metadata.nmae", "did you mean name?"),
    ],
)
def test_an_unknown_key_has_its_line_and_the_closest_name(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    error = refused(tmp_path, old, new)
    key = new.rpartition(":")[0].split()[-1].lstrip("{").rstrip(":")
    assert error.where == where
    assert error.message == f"unknown key {key}"
    assert error.hint == says
    assert error.line == line_of(old) + new.count("\n")


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("trials: 2", "trials: many", "spec.model.tuning.trials", "got 'many'"),
        ("trials: 2", "trials: 0", "spec.model.tuning.trials", "greater than or equal to 1"),
        ("name: small", "name: Small Name", "metadata.name", "lower-case"),
        ("min: 0", "min: [1]", "spec.data.checks[0].min", "got [1]"),
        ("target: answer", "target: __split", "spec.data.target", "not a column name"),
        ("name: small", "name: 2013", "metadata.name", "valid string; got 2013"),
    ],
)
def test_a_wrong_value_is_shown_with_the_rule(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    error = refused(tmp_path, old, new)
    assert (error.where, error.line) == (where, line_of(old))
    assert says in error.message


@pytest.mark.parametrize(
    ("candidates", "where", "says"),
    [
        ("[logistik]", "spec.model.candidates[0].kind", "did you mean logistic?"),
        ("[knn]", "spec.model.candidates[0].kind", "the entry point knn in 'mdlc.candidates'"),
        ("[rule, rule]", "spec.model.candidates[1]", "rule stands twice"),
        (
            "[{kind: lightgbm, params: {num_leafs: 3}}]",
            "spec.model.candidates[0].params.num_leafs",
            "lightgbm has no hyperparameter num_leafs; did you mean num_leaves?",
        ),
        (
            "[rule, {kind: logistic, params: {C: big}}]",
            "spec.model.candidates[1].params.C",
            "input should be a valid number; got 'big'",
        ),
        (
            "[{kind: logistic, params: {C: 0}}]",
            "spec.model.candidates[0].params.C",
            "greater than or equal to 0.000000000001; got 0",
        ),
        (
            "[{kind: logistic, params: {max_iter: 1.5}}]",
            "spec.model.candidates[0].params.max_iter",
            "valid integer; got 1.5",
        ),
    ],
)
def test_candidates_are_judged_by_their_own_kind_before_anything_runs(
    tmp_path: Path, candidates: str, where: str, says: str
) -> None:
    error = refused(tmp_path, "tuning: {trials: 2}", f"candidates: {candidates}")
    assert (error.where, error.line) == (where, line_of("tuning"))
    assert says in error.message
    error = refused(tmp_path, "cooldown: 14d", f"candidates: {candidates}")
    assert error.where == where.replace("model", "retrain")


@pytest.mark.parametrize(
    ("check", "where", "says"),
    [
        ("{column: x}", "spec.data.checks[0]", "the check asks for nothing"),
        ("{column: x, unique: false}", "spec.data.checks[0]", "the check asks for nothing"),
        ("{not_null: true}", "spec.data.checks[0].not_null", "is about a column; give column"),
        ("{min_rows: -1}", "spec.data.checks[0].min_rows", "greater than or equal to 0; got -1"),
    ],
)
def test_a_check_that_cannot_be_run_is_refused_before_anything_runs(
    tmp_path: Path, check: str, where: str, says: str
) -> None:
    error = refused(tmp_path, "{column: x, min: 0}", check)
    assert (error.where, error.line) == (where, line_of("min: 0"))
    assert says in error.message


def test_a_key_that_no_installed_package_has_says_what_a_package_needs(tmp_path: Path) -> None:
    error = refused(tmp_path, "csv: rows.csv", "warehouse: rows")
    assert error.where == "spec.data.sources.rows.warehouse"
    assert error.message == "unknown key warehouse"
    assert error.hint.endswith(
        "; a package that adds it has the entry point warehouse in 'mdlc.readers'"
    )


@pytest.mark.parametrize("source", ["{header: false}", "{csv: a, json: b}", "{csv: null}"])
def test_a_source_has_one_reader(tmp_path: Path, source: str) -> None:
    error = refused(tmp_path, "{csv: rows.csv}", source)
    assert (error.where, error.line) == ("spec.data.sources.rows", line_of("csv"))
    assert "a source has exactly one of csv, json, parquet, tsv" in error.message


def test_a_wrong_type_of_section_says_what_came(tmp_path: Path) -> None:
    error = refused(tmp_path, "payoff: {right: 1, wrong: -1}", "payoff: free")
    assert error.where == "spec.business.payoff"
    assert "got 'free'" in error.message


def test_a_missing_key_is_named_with_its_section(tmp_path: Path) -> None:
    error = refused(tmp_path, "    target: answer\n", "")
    assert error.where == "spec.data.target"
    assert error.message == "this key is missing"
    assert error.line == line_of("  data:")


def test_a_duplicate_key_is_refused_at_its_second_line(tmp_path: Path) -> None:
    error = refused(tmp_path, "    target: answer\n", "    target: answer\n    target: other\n")
    assert "duplicate key" in error.message
    assert error.line == line_of("target: answer") + 1


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1e999"])
@pytest.mark.parametrize(
    ("old", "key"), [("wrong: -1", "wrong"), ("min: 0", "min"), ("window: 7d", "window")]
)
def test_numbers_are_finite(tmp_path: Path, number: str, old: str, key: str) -> None:
    error = refused(tmp_path, old, f"{key}: {number}")
    assert error.where.endswith(key)
    assert error.line == line_of(old)


@pytest.mark.parametrize(
    "text", ["soon", "7", "7x", "-7d", "-5", "1e3d", "''", "true", "99999999999999d", "[7d]"]
)
def test_a_bad_duration_is_refused_where_it_stands(tmp_path: Path, text: str) -> None:
    if text == "7":
        assert loaded(tmp_path, "window: 7d", "window: 7").spec.monitor.window.seconds == 7
        return
    error = refused(tmp_path, "window: 7d", f"window: {text}")
    assert error.where == "spec.monitor.window"
    assert "duration" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "spec: [1, 2",
        "a: b: c",
        "spec: {by: 2013-02-30}",
        "a: \x07",
        "a: *nowhere",
        "a: 1\n---\nb: 2",
        "&a [*a]",
        "? [1, 2]\n: 3",
        "[" * 5000,
    ],
)
def test_what_is_not_a_mapping_in_yaml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lifecycle.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a mapping"),
        (b"# only a comment\n", "not a mapping"),
        (b"just a word", "not a mapping"),
        (b"name: caf\xe9", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), f"at most {MAX_BYTES}"),
    ],
)
def test_what_is_not_a_file_of_ours_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "lifecycle.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=says):
        load(path)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.yaml.*mdlc init"):
        load(tmp_path / "nowhere.yaml")
    with pytest.raises(SpecError, match="cannot read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("tuning: {trials: 2}", "task: regression", "payoff is for classification"),
        ("cooldown: 14d", "when: [schedule]", "retrain.every is needed"),
        ("target: answer", "target: answer\n    features: [answer]", "it is the target"),
        ("target: answer", "target: answer\n    table: {source: flights}", "no source flights"),
        ("{right: 1, wrong: -1}", "{right: 1, under: -1}", "exactly one shape"),
        ("{right: 1, wrong: -1}", "{right: 1}", "both right and wrong"),
        ("{csv: rows.csv}", "{csv: a, json: b}", "exactly one of csv"),
        ("{csv: rows.csv}", "{}", "exactly one of csv"),
    ],
)
def test_sections_agree_with_each_other(tmp_path: Path, old: str, new: str, says: str) -> None:
    error = refused(tmp_path, old, new)
    assert says in error.message
    assert error.where.startswith("spec")
    assert error.line > 0


def test_values_do_not_change_after_loading(tmp_path: Path) -> None:
    lifecycle = loaded(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        lifecycle.spec.data.target = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("spec.data.target", "target:"),
        ("spec.data.checks[0]", "- {column"),
        ("spec.data.features[3]", "  data:"),
        ("spec.data.sources.rows", "rows: {csv"),
    ],
)
def test_a_later_error_about_the_file_finds_its_line(tmp_path: Path, where: str, text: str) -> None:
    loaded(tmp_path)
    path = tmp_path / "lifecycle.yaml"
    error = locate(DataError("wrong", where=where), path)
    assert (error.file, error.line) == (str(path), line_of(text))


def test_an_error_about_something_else_gets_no_line(tmp_path: Path) -> None:
    loaded(tmp_path)
    assert locate(DataError("wrong"), tmp_path / "lifecycle.yaml").line == 0


def test_a_rule_between_keys_names_the_key_to_change(tmp_path: Path) -> None:
    error = refused(tmp_path, "target: answer", "target: answer\n    features: [x, answer]")
    assert error.where == "spec.data.features[1]"
