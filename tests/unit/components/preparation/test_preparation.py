"""Preparation makes one row for each decision, and nobody learns from the future."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mdlc.components.preparation.stage import check_columns
from mdlc.core.errors import DataError, MdlcError, SpecError
from mdlc.core.spec.data import Data
from tests.unit.components.preparation.small import EVENTS, MODEL, SPEC, rows, run, spec


def test_windows_are_point_in_time_correct_and_the_digest_stable(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    assert first == second
    assert first.task == "binary"
    assert first.classes == ["false", "true"]
    assert first.removed_null_target == 8
    assert [(f.name, f.kind) for f in first.features] == [
        ("x", "number"), ("c", "category"), ("flag", "number"), ("n", "number")
    ]  # fmt: skip
    assert first.removed_unknown_label > 0
    validation, test, until = first.boundaries["validation"], first.boundaries["test"], first.until
    ends = dict(rows(tmp_path, "__split, max(__label_time) FROM {t} GROUP BY 1"))
    assert until is not None
    assert ends["train"] <= validation
    assert ends["validation"] <= test
    assert ends["test"] <= until
    assert first.rows["later"] == 0
    assert sorted(p.name for p in (tmp_path / "last").iterdir()) == [
        "checks.json", "prepared.json", "table.parquet"
    ]  # fmt: skip


def test_rows_from_until_on_are_later_whoever_names_it(tmp_path: Path) -> None:
    moment = datetime(2024, 1, 10)
    by_argument = run(tmp_path, until=moment)
    by_file = run(
        tmp_path, model={"split": {**MODEL["split"], "until": "2024-01-10T01:00:00+01:00"}}
    )
    assert by_argument.rows == by_file.rows
    assert by_argument.rows["later"] == 180
    assert rows(tmp_path, "min(__time) FROM {t} WHERE __split = 'later'") == [(moment,)]


def test_a_training_window_leaves_out_what_is_older(tmp_path: Path) -> None:
    prepared = run(tmp_path, model={"split": {**MODEL["split"], "window": "5d"}})
    assert rows(
        tmp_path,
        "min(__time) >= ? FROM {t}".replace("?", f"TIMESTAMP '{prepared.boundaries['train']}'"),
    ) == [(True,)]


def test_without_time_a_row_keeps_its_split_when_others_come(tmp_path: Path) -> None:
    plain = spec(table={"time": None, "label_time": None, "derive": {}}, features=["x", "c"])
    model = {"split": {"at_random": True}}
    run(tmp_path, spec=plain, model=model)
    before = dict(rows(tmp_path, "__key, __split FROM {t}"))
    prepared = run(tmp_path, spec=plain, model=model, sql={"events": EVENTS.replace("400", "600")})
    after = dict(rows(tmp_path, "__key, __split FROM {t}"))
    assert not prepared.has_time
    assert before.items() <= after.items()
    assert 0.1 < prepared.rows["test"] / sum(prepared.rows.values()) < 0.3


def test_as_of_sees_only_what_was_known_and_not_too_old(tmp_path: Path) -> None:
    weather = """SELECT TIMESTAMP '2024-01-01' + INTERVAL (i * 4) HOUR AS at, i AS w, 'a' AS c
                 FROM range(60) r(i)"""
    changes = spec(
        sources={"events": {"csv": "e"}, "weather": {"csv": "w"}},
        table={"join": [{"source": "weather", "match": ["c"], "as_of": {
            "time": "t", "source_time": "at", "at_least": "1h", "at_most": "5h"}}]},
    )  # fmt: skip
    run(tmp_path, spec=changes, sql={"events": EVENTS, "weather": weather})
    found = dict(rows(tmp_path, "x::INT, w FROM {t}"))
    assert found[3] == 0
    assert found[0] is None  # 0 hours old: not known yet
    assert found[9] == 2  # 8:00 is the newest at least an hour old
    assert found[270] is None  # the last row is too old
    assert found[4] is None  # c is b


def test_a_join_that_would_multiply_rows_is_refused_with_its_keys(tmp_path: Path) -> None:
    changes = spec(
        sources={"events": {"csv": "e"}, "names": {"csv": "w"}},
        table={"join": [{"source": "names", "match": ["c"]}]},
    )
    sql = {"events": EVENTS, "names": "FROM (VALUES ('a', 1), ('a', 2)) t(c, z)"}
    with pytest.raises(DataError, match=r"several rows for c=a"):
        run(tmp_path, spec=changes, sql=sql)
    run(tmp_path, spec=changes, sql={**sql, "names": "FROM (VALUES ('a', 1)) t(c, z)"})
    assert rows(tmp_path, "DISTINCT c, z FROM {t} ORDER BY c") == [("a", 1), ("b", None)]


@pytest.mark.parametrize(
    ("changes", "message", "where"),
    [
        ({"features": ["x", "cc"]}, "no column cc", "spec.data.features[1]"),
        ({"features": ["t"]}, "hour(t)", "spec.data.features[0]"),
        ({"target": "yy"}, "did you mean y?", "spec.data.target"),
        ({"table": {"derive": {"seen": "tt + INTERVAL 6 HOUR"}}}, "no column tt", "spec.data.table.derive.seen"),  # noqa: E501
        ({"table": {"time": "c"}}, "strptime", "spec.data.table.time"),
        ({"table": {"key": ["q"]}}, "no column q", "spec.data.table.key[0]"),
        ({"table": {"where": "zz > 1"}}, "no column zz", "spec.data.table.where"),
        ({"checks": [{"column": "zz", "min": 1}]}, "no column zz", "spec.data.checks[0].column"),
        ({"table": {"key": ["c"]}}, "2 keys occur more than once, such as a, b", "spec.data.table.key"),  # noqa: E501
        ({"table": {"where": "y"}}, "has 1 class", "spec.data.target"),
        ({"table": {"where": "x > 1000"}}, "no rows are left", "spec.data.table"),
        ({"table": {"derive": {"seen": "t", "e": "NULL::DOUBLE"}}}, "e: not always NULL", ""),
        ({"table": {"derive": {"seen": "t", "e": "'inf'::DOUBLE"}}}, "e: finite", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_place(
    tmp_path: Path, changes: dict[str, Any], message: str, where: str
) -> None:
    with pytest.raises(MdlcError) as caught:
        run(tmp_path, spec=spec(**changes))
    assert message in str(caught.value)
    assert caught.value.where == where
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"until": "2020-01-01"}, "leaves no row; the data go from 2024-01-01"),
        ({"validation": "30d"}, "leave nothing to train on; the data go from 2024-01-01"),
        ({"until": "2030-01-01"}, "in the validation window"),
    ],
)
def test_impossible_dates_name_the_dates_of_the_data(
    tmp_path: Path, split: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        run(tmp_path, model={"split": {**MODEL["split"], **split}})
    assert message in str(caught.value)
    assert caught.value.where.startswith("spec.model.split")


def test_nan_is_null_and_integer_floats_are_classes_as_text(tmp_path: Path) -> None:
    changes = spec(
        table={
            "derive": {"seen": "t", "k": "(n * 1.0)::DOUBLE", "m": "if(x < 9, 'nan'::DOUBLE, x)"}
        },
        categories=["k"],
    )
    run(tmp_path, spec=changes)
    assert rows(tmp_path, "DISTINCT k FROM {t} ORDER BY k") == [("0",), ("1",), ("2",)]
    assert rows(tmp_path, "count(*) FROM {t} WHERE m IS NULL") == [(9,)]


@pytest.mark.parametrize(
    ("target", "task"), [("y", "binary"), ("n", "multiclass"), ("x", "regression"), ("c", "binary")]
)
def test_the_task_follows_from_the_target(tmp_path: Path, target: str, task: str) -> None:
    assert run(tmp_path, spec=spec(target=target, features=["flag"])).task == task


def test_features_say_if_they_are_sensitive_and_an_image_is_if_a_pixel_is(tmp_path: Path) -> None:
    pixels = ", ".join(f"{i} AS p{i}" for i in range(4))
    changes = spec(image={"prefix": "p", "shape": [2, 2, 1]}, sensitive=["c", "p3"])
    prepared = run(
        tmp_path, spec=changes, sql={"events": EVENTS.replace("i AS id", f"{pixels}, i AS id")}
    )
    assert {f.name for f in prepared.features if f.sensitive} == {"c", "image"}
    assert {f.name for f in prepared.features if not f.sensitive} >= {"x", "flag", "n"}
    for features in ({"features": ["x"]}, {"features": ["x"], "sensitive": ["x"]}):
        prepared = run(tmp_path, spec=spec(**features))
        assert [f.sensitive for f in prepared.features] == ["sensitive" in features]


def test_an_image_packs_its_pixels_in_natural_order(tmp_path: Path) -> None:
    pixels = ", ".join(f"{i} AS p{i}" for i in (10, 11, 2, 1))
    changes = spec(image={"prefix": "p", "shape": [2, 2, 1], "scale": 4})
    prepared = run(
        tmp_path, spec=changes, sql={"events": EVENTS.replace("i AS id", f"{pixels}, i AS id")}
    )
    assert prepared.features[-1].kind == "image"
    assert rows(tmp_path, "DISTINCT image FROM {t}") == [([0.25, 0.5, 2.5, 2.75],)]
    with pytest.raises(SpecError, match="but 3 x 2 x 1 is 6"):
        run(
            tmp_path,
            spec=spec(image={"prefix": "p", "shape": [3, 2, 1]}),
            sql={"events": EVENTS.replace("i AS id", f"{pixels}, i AS id")},
        )


def test_names_are_checked_without_rows() -> None:
    data = Data.model_validate(spec(features=["xx"]))
    with pytest.raises(SpecError, match="did you mean x"):
        check_columns(
            data, {"events": {"id": "int64", "t": "timestamp", "x": "int64", "y": "boolean"}}
        )


def targets(values: str) -> str:
    """Return EVENTS whose target is one of the values (SQL), in turn."""
    return f"SELECT * EXCLUDE y, ([{values}])[1 + id % len([{values}])] AS y FROM ({EVENTS})"


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ("1.0::DOUBLE, 0.0, NULL", "binary", ["0", "1"]),
        ("1.0::DOUBLE, 0.0, 'nan'::DOUBLE", "binary", ["0", "1"]),
        ("1.0::DECIMAL(4,1), 2.0, 3.0", "multiclass", ["1", "2", "3"]),
        ("1.0::DOUBLE, 0.5, 0.0", "regression", []),
    ],
)
def test_whole_numbers_with_gaps_are_classes(
    tmp_path: Path, values: str, task: str, classes: list[str]
) -> None:
    """pandas writes 1.0 and 0.0 where some are missing; its integers know no gaps."""
    found = run(tmp_path, sql={"events": targets(values)})
    assert (found.task, found.classes) == (task, classes)


def test_false_and_true_have_one_spelling_and_the_feature_knows_it(tmp_path: Path) -> None:
    words = "CASE WHEN id % 10 = 0 THEN 'true' WHEN id % 2 = 0 THEN 'True' ELSE 'False' END"
    sql = f"SELECT *, {words} AS b, if(id % 2 = 0, 'Y', 'N') AS p FROM ({EVENTS})"
    found = run(tmp_path, sql={"events": sql})
    truths = {feature.name: feature.truth for feature in found.features if feature.truth}
    assert truths == {"b": ("False", "True"), "p": ("N", "Y")}
    (remark,) = found.remarks
    assert str(remark) == "table.b: False, True, true are two categories, False and True"


def test_each_column_that_is_no_feature_has_a_reason(tmp_path: Path) -> None:
    found = run(tmp_path, spec={**SPEC, "identifiers": ["c"]})
    why = {item.column: item.why for item in found.left_out}
    assert why == {
        "id": "it is a key",
        "t": "it is a time",
        "seen": "it is a time",
        "c": "it is an identifier",
    }
    chosen = run(tmp_path, spec={**SPEC, "features": ["x"]})
    assert {item.why for item in chosen.left_out if item.column in {"c", "n", "flag"}} == {
        "spec.data.features does not list it"
    }
