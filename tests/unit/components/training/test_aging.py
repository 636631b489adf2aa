"""Half-life: old rows count less where a model learns, and not where it is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.components.training import aging, crossing
from mdlc.components.training.candidates.candidate_suite import small_problem
from mdlc.components.training.candidates.logistic import Logistic
from mdlc.components.training.candidates.registry import find_candidate
from mdlc.components.training.candidates.rule import RuleOfThumb
from mdlc.core import plugins
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import Training
from mdlc.core.errors import SpecError
from mdlc.core.files import read_document, write_document
from mdlc.core.scorer import Scorer
from mdlc.core.spec.model import Rule, RuleCondition
from tests.unit.components.training.test_stage import run

UNTIL = datetime(2013, 1, 26)
TRAINED = 360
"""Rows of conftest's table that train: one an hour."""


@pytest.fixture
def changed(make_prepared: Any) -> Path:
    """A world that turned: late by hour until row 280, the other way round from there on."""
    rows = np.arange(600)
    hour = np.random.default_rng(5).integers(0, 24, 600).astype(float)
    late = np.where(rows < 280, hour > 12, hour < 12)
    target = np.where(late, "late", "on_time").astype(object)
    return dated(make_prepared(hour=hour, __target=target))


def dated(folder: Path, until: datetime | None = UNTIL) -> Path:
    path = folder / "prepared.json"
    write_document(path, read_document(path, Prepared).model_copy(update={"until": until}))
    return folder


def weights_of(folder: Path, half_life: timedelta) -> Any:
    document = read_document(folder / "prepared.json", Prepared)
    return aging.weights(folder / "table.parquet", document, half_life=half_life)


def test_a_row_that_is_a_half_life_older_counts_half(make_prepared: Any) -> None:
    weights = weights_of(dated(make_prepared()), timedelta(days=5))
    assert len(weights) == TRAINED
    assert weights.mean() == pytest.approx(1)
    assert weights[240] / weights[120] == pytest.approx(2)
    assert (np.diff(weights) > 0).all()


def test_a_time_zone_of_until_changes_nothing(make_prepared: Any) -> None:
    folder = dated(make_prepared())
    naive = weights_of(folder, timedelta(days=5))
    aware = weights_of(dated(folder, UNTIL.replace(tzinfo=UTC)), timedelta(days=5))
    assert np.array_equal(naive, aware)


def test_the_model_with_a_half_life_is_better_on_the_newest_rows(
    changed: Path, tmp_path: Path
) -> None:
    scores = {}
    for name, half_life in (("flat", None), ("aged", timedelta(days=1))):
        made = run(changed, tmp_path / name, kinds=["logistic"], half_life=half_life)
        (candidate,) = made.candidates
        scores[name] = candidate.value
        assert (made.effective_rows is None) == (half_life is None)
    assert scores["flat"] is not None
    assert scores["aged"] is not None
    assert scores["aged"] < 0.5 * scores["flat"]


def test_without_a_half_life_nothing_changes(
    make_prepared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that are all the same, and none, are the same model to the byte."""
    # Rows with weights are not cross-validated; then no run may be.
    monkeypatch.setattr(crossing, "MOST_ROWS", 0)
    folder = dated(make_prepared())
    runs = [
        run(folder, tmp_path / name, kinds=["rule", "logistic"], half_life=half_life)
        for name, half_life in (("none", None), ("flat", timedelta(days=36500)))
    ]
    digests = [{c.kind: c.digest for c in made.candidates} for made in runs]
    none, again = digests[0], run(folder, tmp_path / "again", kinds=["rule", "logistic"])
    assert none == {c.kind: c.digest for c in again.candidates}
    values = [{c.kind: c.value for c in made.candidates} for made in runs]
    assert values[0] == pytest.approx(values[1], rel=1e-3)


def test_every_built_in_kind_heeds_the_weights() -> None:
    """That each does what it says here is a test of the suite of every kind."""
    for kind in plugins.built_in_names(plugins.CANDIDATES):
        assert find_candidate(kind, where="").takes_weights, kind


def test_a_stated_rule_counts_by_weight() -> None:
    made = small_problem("binary")
    half = np.where(made.train.truth == 1, 1.9, 0.1)
    stated = replace(
        made,
        rule=Rule(when=[RuleCondition(column="x", at_least=0)]),
        train=replace(made.train, weights=half),
    )
    told = RuleOfThumb(stated).fit({}).validated
    holds = made.train.batch["x"] >= 0
    wanted = half[holds & (made.train.truth == 1)].sum() / half[holds].sum()
    assert told[:, 1].max() == pytest.approx(wanted, abs=1e-6)


def test_a_kind_that_cannot_weigh_is_refused(
    make_prepared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Logistic, "takes_weights", False)
    made: Training = run(
        dated(make_prepared()), tmp_path / "out", kinds=["rule", "logistic"], half_life=timedelta(5)
    )
    refused = {c.kind: c.refused for c in made.candidates}
    assert "cannot weigh its rows, as spec.retrain.half_life asks" in refused["logistic"]
    assert refused["rule"] == ""


def test_weights_that_leave_too_little_are_refused(make_prepared: Any) -> None:
    with pytest.raises(SpecError, match="360 training rows are worth 3 equal ones"):
        weights_of(dated(make_prepared()), timedelta(hours=1))


def test_rows_without_a_time_have_no_age(make_prepared: Any) -> None:
    with pytest.raises(SpecError, match="a half-life needs rows with a time"):
        weights_of(dated(make_prepared(), until=None), timedelta(days=1))


def test_the_bundle_serves_what_was_weighed(changed: Path, tmp_path: Path) -> None:
    made = run(changed, tmp_path / "out", kinds=["lightgbm"], half_life=timedelta(days=1))
    scorer = Scorer.load(tmp_path / "out" / made.candidates[0].folder)
    batch = {
        "hour": np.array([3, 22], np.float32),
        "noise": np.zeros(2, np.float32),
        "carrier": np.array(["UA", "UA"], object),
    }
    late = scorer.scores(batch)[:, scorer.classes.index("late")]
    assert late[0] > 0.5 > late[1]
