"""Copies stay together, time series are cut in time, and names of rows are no features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.preparation.small import rows, run

SPEC: dict[str, Any] = {"sources": {"events": {"csv": "e.csv"}}, "target": "y"}
APART = {"split": {"at_random": True}}
PEOPLE = """
    SELECT (hash(i) % 50000)::INT AS income, (hash(i + 7) % 60)::INT AS age,
           (hash(i + 3) % 9999) / 7.0 AS debt, chr(65 + (hash(i + 1) % 4)::INT) AS region,
           CASE WHEN hash(i + 5) % 10 < 3 THEN 'yes' ELSE 'no' END AS y
    FROM range({people}) p(i), range({times}) t(k)"""


def people(count: int = 300, *, times: int = 1, also: str = "") -> dict[str, str]:
    query = PEOPLE.format(people=count, times=times)
    return {"events": query.replace("AS y", f"AS y{also}")}


def sides(tmp_path: Path) -> int:
    """Count the people whose copies are on more than one side of the split."""
    per = "SELECT income, age FROM {t} GROUP BY 1, 2 HAVING count(DISTINCT __split) > 1"
    return len(rows(tmp_path, f"* FROM ({per})"))


@pytest.mark.parametrize(
    "also",
    ["", ", (i * 10 + k + 1000)::BIGINT AS customer_id", ", uuid()::VARCHAR AS token"],
    ids=["whole", "id", "token"],
)
@pytest.mark.parametrize("times", [2, 10])
def test_copies_of_a_row_stay_on_one_side(tmp_path: Path, times: int, also: str) -> None:
    prepared = run(tmp_path, spec=SPEC, model={}, sql=people(times=times, also=also))
    assert prepared.copies == 300 * (times - 1)
    assert sides(tmp_path) == 0
    assert any("copies of another" in str(note) for note in prepared.remarks)
    run(tmp_path, spec=SPEC, model=APART, sql=people(times=times, also=also))
    assert sides(tmp_path) > 0, "at random they are torn apart"


def test_copies_with_a_little_noise_stay_together(tmp_path: Path) -> None:
    noisy = people(times=3)
    noisy["events"] = noisy["events"].replace("/ 7.0 AS debt", "/ 7.0 * (1 + k * 1e-9) AS debt")
    assert run(tmp_path, spec=SPEC, model={}, sql=noisy).copies > 590


def test_rows_of_few_values_are_alike_by_chance(tmp_path: Path) -> None:
    query = """SELECT (hash(i) % 3)::INT AS a, (hash(i + 1) % 2)::INT AS b, hash(i + 2) % 2 = 0 AS y
               FROM range(500) r(i)"""
    prepared = run(tmp_path, spec=SPEC, model={}, sql={"events": query})
    assert (prepared.copies, prepared.remarks) == (0, [])


def test_names_of_rows_are_no_features_and_that_is_said(tmp_path: Path) -> None:
    also = ", i::BIGINT AS number, 'c-' || i AS code, (i * 37 % 10007)::BIGINT AS account_id"
    prepared = run(tmp_path, spec=SPEC, model={}, sql=people(also=also))
    assert [f.name for f in prepared.features] == ["income", "age", "debt", "region"]
    assert prepared.remarks == []
    assert [column.column for column in prepared.left_out] == ["number", "code", "account_id"]
    assert all("spec.data.features" in column.why for column in prepared.left_out)
    named = {**SPEC, "features": ["age", "account_id"]}
    asked = run(tmp_path, spec=named, model={}, sql=people(also=also))
    assert [f.name for f in asked.features] == ["age", "account_id"]


DAYS = ", DATE '2020-01-01' + i::INT AS day, DATE '1950-01-01' + (hash(i) % 20000)::INT AS born"


def test_a_date_in_whose_order_rows_stand_is_taken_as_time(tmp_path: Path) -> None:
    query = people(also=DAYS)["events"] + " ORDER BY i"
    prepared = run(tmp_path, spec=SPEC, model={}, sql={"events": query})
    assert prepared.has_time
    newest = dict(rows(tmp_path, "__split, min(__time) FROM {t} GROUP BY 1"))
    assert newest["train"] < newest["validation"] < newest["test"]
    assert any("spec.data.table.time: day" in str(note) for note in prepared.remarks)
    assert "born" in [column.column for column in prepared.left_out]


def test_rows_may_be_said_not_to_depend_on_each_other(tmp_path: Path) -> None:
    query = people(also=DAYS)["events"] + " ORDER BY i"
    prepared = run(tmp_path, spec=SPEC, model=APART, sql={"events": query})
    assert not prepared.has_time


def test_a_birth_date_is_proposed_and_not_taken(tmp_path: Path) -> None:
    born = ", DATE '1950-01-01' + (hash(i) % 20000)::INT AS born"
    prepared = run(tmp_path, spec=SPEC, model={}, sql=people(also=born))
    assert not prepared.has_time
    (left,) = prepared.left_out
    assert left.column == "born"
    assert "spec.data.table.time" in left.why


def test_windows_scale_with_the_time_that_there_is(tmp_path: Path) -> None:
    spec = {**SPEC, "table": {"time": "day"}, "identifiers": ["born"]}
    query = {"events": people(1000, also=DAYS)["events"] + " ORDER BY i"}
    found = run(tmp_path, spec=spec, model={}, sql=query)
    assert (found.rows["test"], found.rows["validation"]) == (200, 150)
    week = {"split": {"newest_rows": 30}}
    short = run(tmp_path, spec=spec, model=week, sql=query)
    assert short.rows["test"] == 30, "as long as it takes to have 30 rows"
    few = run(tmp_path, spec=spec, model={"split": {"newest_rows": 2}}, sql=query)
    assert few.rows["test"] == 7, "a week at least"


def test_without_a_key_a_row_has_no_name_that_a_client_would_use(tmp_path: Path) -> None:
    run(tmp_path, spec=SPEC, model={}, sql=people())
    assert rows(tmp_path, "count(*) FROM {t} WHERE regexp_matches(__key, '^[0-9]+$')") == [(0,)]
