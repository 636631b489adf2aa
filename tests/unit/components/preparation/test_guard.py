"""The guard tells lies from a world that changed, as far as that can be told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from mdlc.components.preparation.guard.findings import above
from mdlc.components.preparation.guard.flips import excess
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError, SpecError
from mdlc.core.spec.retrain import Guard
from tests.unit.components.preparation.small import MODEL, rows, run, spec

ROWS = 5000
UNTIL = datetime(2024, 1, 17, 16)


def world(*, shift: float = 0.0, slope: float = 1.0, flips: float = 0.0) -> tuple[Any, Any]:
    """Return predictions, and what happened: odds moved, then a share of the true cases flipped."""
    random = np.random.default_rng(0)
    odds = random.normal(0, 2.5, ROWS)
    happened = random.random(ROWS) < 1 / (1 + np.exp(-(shift + slope * odds)))
    return 1 / (1 + np.exp(-odds)), happened & ~(random.random(ROWS) < flips)


@pytest.mark.parametrize(("shift", "slope"), [(0, 1), (-3, 1), (3, 1), (0, 0.5), (-1, 0.5), (1, 2)])
def test_a_world_that_moves_is_no_lie(shift: float, slope: float) -> None:
    predicted, happened = world(shift=shift, slope=slope)
    for truth, sure in ((happened, predicted), (~happened, 1 - predicted)):
        _, z = excess(sure, truth, bound=0.2)
        assert z < 5


@pytest.mark.parametrize("flips", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("shift", [0, -2])
def test_flips_are_seen_in_a_world_that_moves_or_not(flips: float, shift: float) -> None:
    share, z = excess(*world(shift=shift, flips=flips), bound=0.2)
    assert z > 5
    if flips < 1:
        assert share == pytest.approx(flips, abs=0.12)


def test_a_few_flips_are_not_seen() -> None:
    assert excess(*world(flips=0.1), bound=0.2)[1] < 5


def test_a_bound_of_nothing_has_an_error_as_well() -> None:
    assert 0 < above(0.02, bound=0, rows=100) < above(0.2, bound=0, rows=100)


def feedback(tmp_path: Path, **changes: str) -> Path:
    """Rows 200 to 399 of small.EVENTS as a client would send them: y follows c.

    Changed columns are SQL over i, the row's number.
    """
    columns = {
        "__key": "i::TEXT",
        "__time": "TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR",
        "__label_time": "TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR + INTERVAL 6 HOUR",
        "__target": "CASE WHEN i % 3 = 0 THEN 'true' ELSE 'false' END",
        "x": "i::DOUBLE",
        "c": "CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END",
        "flag": "(i % 2 = 0)::DOUBLE",
        "n": "(i % 3)::DOUBLE",
        "__scores": "{'false': CASE WHEN i % 3 = 0 THEN 0.02 ELSE 0.98 END,"
        " 'true': CASE WHEN i % 3 = 0 THEN 0.98 ELSE 0.02 END}",
        **changes,
    }
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in columns.items() if sql)
    path = tmp_path / "feedback.parquet"
    duckdb.sql(f"COPY (SELECT {chosen} FROM range(200, 400) r(i)) TO '{path}'")
    return path


def guarded(tmp_path: Path, path: Path, *, data: Any = None, **policy: Any) -> Prepared:
    guard = Guard.model_validate({"min_rows": 30, **policy})
    model = {**MODEL, "split": {**MODEL["split"], "until": "2024-01-09 08:00:00"}}
    return run(tmp_path, spec=data or spec(), model=model, feedback=path, until=UNTIL, guard=guard)


def test_honest_feedback_passes_and_says_what_was_tested(tmp_path: Path) -> None:
    prepared = guarded(tmp_path, feedback(tmp_path))
    assert prepared.guard
    assert all(finding.passed for finding in prepared.guard)
    tested = {finding.rule for finding in prepared.guard if finding.rows}
    assert tested == {"max_unknown", "max_differing", "max_contradicted"}, "the sources confirm all"
    (share,) = [finding for finding in prepared.guard if finding.rule == "max_share"]
    assert share.note.startswith("not tested: no group of rows that the sources do not confirm")
    (gap,) = [finding for finding in prepared.guard if finding.rule == "max_gap"]
    assert gap.note == "not tested: there are no groups"
    assert any(c.name.startswith("feedback max_gap: not tested") for c in prepared.checks)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"__key": "CASE WHEN i % 4 = 0 THEN 'x' || i ELSE i::TEXT END"}, "max_unknown"),
        ({"x": "i + CASE WHEN i % 4 = 0 THEN 1.0 ELSE 0 END"}, "max_differing"),
        ({"c": "CASE WHEN i % 3 = 0 AND i % 2 = 0 THEN NULL ELSE 'b' END"}, "max_differing"),
        ({"__target": "CASE WHEN i % 6 = 0 THEN 'true' ELSE 'false' END"}, "max_contradicted"),
    ],
)
def test_what_the_sources_know_better_stops_the_run(
    tmp_path: Path, change: dict[str, str], rule: str
) -> None:
    with pytest.raises(DataError, match=f"guard.{rule}: feedback is not to be trusted") as caught:
        guarded(tmp_path, feedback(tmp_path, **change))
    assert "z " in str(caught.value)
    assert caught.value.hint
    checks = (tmp_path / "last" / "checks.json").read_text()
    assert f"feedback {rule}" in checks
    assert '"error"' in checks


def test_the_same_rows_are_put_aside_where_the_file_says_so(tmp_path: Path) -> None:
    lies = {"__target": "CASE WHEN i % 6 = 0 THEN 'true' ELSE 'false' END"}
    prepared = guarded(tmp_path, feedback(tmp_path, **lies), on_breach="drop")
    assert prepared.quarantined == 32
    aside = f"'{tmp_path}/last/quarantine.parquet'"
    assert rows(tmp_path, f"count(*), min(rules), bool_and(__key::INT % 6 = 3) FROM {aside}") == [
        (32, "max_contradicted", True)
    ]
    assert rows(tmp_path, f"count(*) FROM {{t}} JOIN {aside} USING (__key)") == [(0,)]
    assert [f.quarantined for f in prepared.guard if not f.passed][:1] == [32]


def test_what_the_sources_learn_later_is_not_looked_at(tmp_path: Path) -> None:
    """The label came to the sources after the retraining: nobody could have compared it then."""
    lies = {"__target": "CASE WHEN i % 6 = 0 THEN 'true' ELSE 'false' END"}
    late = spec(table={"derive": {"seen": "t + INTERVAL 60 DAY"}})
    prepared = guarded(tmp_path, feedback(tmp_path, **lies), data=late)
    (finding,) = [finding for finding in prepared.guard if finding.rule == "max_contradicted"]
    assert finding.rows == 0


def test_without_sources_of_that_time_nothing_is_unknown(tmp_path: Path) -> None:
    keys = {"__key": "'client-' || i"}
    prepared = guarded(tmp_path, feedback(tmp_path, **keys))
    (unknown,) = [finding for finding in prepared.guard if finding.rule == "max_unknown"]
    assert (unknown.rows, unknown.note) == (0, "not tested: the sources do not cover these rows")


def test_feedback_without_scores_says_what_was_not_tested(tmp_path: Path) -> None:
    prepared = guarded(tmp_path, feedback(tmp_path, __scores=""))
    notes = {finding.rule: finding.note for finding in prepared.guard}
    assert notes["max_flipped"] == notes["max_share"] == "not tested: the feedback has no scores"


def test_the_anchor_is_what_the_sources_say_of_the_test_rows(tmp_path: Path) -> None:
    prepared = guarded(tmp_path, feedback(tmp_path, x="i + 0.0"))
    anchor = f"'{tmp_path}/last/anchor.parquet'"
    assert prepared.anchor > 30
    assert rows(tmp_path, f"count(*), min(__split), count(__target) FROM {anchor}") == [
        (prepared.anchor, "test", prepared.anchor)
    ]
    begins = prepared.boundaries["test"]
    assert rows(tmp_path, f"min(__time) >= TIMESTAMP '{begins}' FROM {anchor}") == [(True,)]


def test_a_group_has_to_be_a_text(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"guard\.by\[0\]: x is not a feature that holds texts"):
        guarded(tmp_path, feedback(tmp_path), by=["x"])


def test_a_sensitive_group_and_target_are_not_named(tmp_path: Path) -> None:
    lies = {"__target": "CASE WHEN i % 6 = 0 THEN 'true' ELSE 'false' END"}
    hidden = spec(sensitive=["c", "y"])
    with pytest.raises(DataError) as caught:
        guarded(tmp_path, feedback(tmp_path, **lies), data=hidden, by=["c"])
    assert "of a class" in str(caught.value)
    assert "class true" not in str(caught.value)
    assert "with c a" not in str(caught.value)
