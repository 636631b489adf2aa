"""Evaluation picks on validation, judges on test, in money, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.components.evaluation.stage import evaluate
from mdlc.core.columns import Feature
from mdlc.core.documents.evaluation_result import Comparison, Contender, Evaluation
from mdlc.core.errors import ArtifactError, DataError, StageError
from mdlc.core.files import read_document
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Model
from mdlc.core.spec.promotion import Promotion
from tests.unit.bundles import (
    CLASSES,
    LINE_PAYOFF,
    PAYOFF,
    make_bundle,
    make_prepared,
    make_training,
    make_world,
)

GOOD: dict[str, Any] = {"weight": 2.0, "bias": -1.0}
"""The odds that make_world's rows really have."""
USELESS: dict[str, Any] = {"weight": 0.0, "bias": -5.0}


def _evaluate(folder: Path, *, payoff: Payoff = PAYOFF, **more: Any) -> Evaluation:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    promote = Promotion(min_gain=more.pop("min_gain", 0))
    return evaluate(
        Model(bootstrap=300, slices=more.pop("slices", [])),
        promotion=promote,
        payoff=payoff,
        prepared=folder / "prepared",
        training=folder / "training",
        out=out,
        **more,
    )


def _named(evaluation: Evaluation) -> dict[str, Contender]:
    return {contender.name: contender for contender in evaluation.contenders}


def _against(evaluation: Evaluation) -> dict[str, Comparison]:
    return {comparison.against: comparison for comparison in evaluation.comparisons}


def test_a_model_that_earns_more_than_rule_and_nothing_is_promoted(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD, rule=USELESS)
    got = _evaluate(tmp_path, slices=["group"])
    assert (got.winner, got.winner_folder, got.promote) == (
        "logistic",
        "candidates/logistic",
        True,
    )
    assert list(_against(got)) == ["rule", "constant", "nothing"]
    assert all(c.enough and c.gain.low > 0 for c in got.comparisons)
    page = _named(got)["logistic"]
    assert set(page.metrics) == {"accuracy", "log_loss", "brier", "auc", "f1_macro"}
    assert all(i.low <= i.value <= i.high for i in page.metrics.values())
    assert sum(map(sum, page.confusion)) == sum(page.actions.values()) == got.rows == 400
    assert [curve.label for curve in page.calibration] == CLASSES
    assert [(s.column, s.value) for s in page.slices] == [("group", "north"), ("group", "south")]
    assert any("Logistic earns" in reason and "doing nothing" in reason for reason in got.reasons)
    assert read_document(tmp_path / "out" / "evaluation.json", Evaluation) == got


def test_doing_nothing_takes_the_stated_action_and_says_the_training_shares(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    nothing = _named(_evaluate(tmp_path))["nothing"]
    assert nothing.actions == {"wait": 400, "act": 0}
    assert nothing.metrics["auc"].value == pytest.approx(0.5)


def test_the_winner_is_picked_on_validation_though_the_test_says_otherwise(tmp_path: Path) -> None:
    x = np.tile([-3.0, 3.0], 300)
    split = np.repeat(["train", "validation", "test"], 200)
    bad = np.where(split == "test", x < 0, x > 0)
    make_prepared(
        tmp_path / "prepared", x=x, target=np.array(CLASSES)[bad.astype(int)], split=split
    )
    make_training(tmp_path / "training", logistic={"weight": 2.0}, knn={"weight": -2.0})
    got = _evaluate(tmp_path)
    pages = _named(got)
    assert got.winner == "logistic"
    assert pages["knn"].money_per_decision.value > pages["logistic"].money_per_decision.value
    assert not got.promote


def test_a_rule_that_earns_as_much_wins(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD, rule=GOOD)
    got = _evaluate(tmp_path)
    assert (got.winner, got.promote, list(_against(got))) == (
        "rule",
        True,
        ["constant", "nothing"],
    )
    assert any("No model earns more than the rule" in reason for reason in got.reasons)


def test_gains_against_a_worse_champion_are_paired_and_promote(tmp_path: Path) -> None:
    make_world(tmp_path, days=20)
    make_training(tmp_path / "training", logistic=GOOD)
    make_bundle(tmp_path / "old", **USELESS)
    got = _evaluate(tmp_path, champion=tmp_path / "old")
    pages, gain = _named(got), _against(got)["champion"].gain
    difference = (
        pages["logistic"].money_per_decision.value - pages["champion"].money_per_decision.value
    )
    assert gain.value == pytest.approx(difference)
    assert got.promote
    assert got.begins is not None
    assert any("days whole (20)" in reason for reason in got.reasons)


def test_an_equal_champion_stays(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    make_bundle(tmp_path / "old", candidate="lightgbm", **GOOD)
    got = _evaluate(tmp_path, champion=tmp_path / "old")
    assert not got.promote
    assert _against(got)["champion"].gain.value == 0
    assert _against(got)["nothing"].enough


def test_the_same_bundle_is_not_promoted_again(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    champion = tmp_path / "training" / "candidates" / "logistic"
    got = _evaluate(tmp_path, champion=champion, min_gain=-1)
    assert got.champion_digest == got.winner_digest
    assert not got.promote
    assert "byte for byte" in got.reasons[-1]


def test_min_gain_is_what_has_to_be_exceeded(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    got = _evaluate(tmp_path, min_gain=50)
    assert _against(got)["nothing"].probability < 1e-9
    assert not got.promote
    assert any("not sure enough" in reason for reason in got.reasons)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"features": [Feature(name="gone", kind="number")]}, "feature gone is not in the table"),
        ({"features": [Feature(name="x", kind="category")]}, "feature x is of another kind"),
        ({"classes": ["good", "worse"]}, "its classes are good, worse, not good, bad"),
        ({"task": "regression"}, "it answers a regression question"),
        ({"payoff": Payoff(right=1, wrong=0)}, "the actions good, bad"),
        ({"weight": float("nan")}, "finite numbers"),
    ],
)
def test_a_champion_that_cannot_decide_any_more_is_left_out_and_named(
    tmp_path: Path, fields: dict[str, Any], why: str
) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    make_bundle(tmp_path / "old", **fields)
    got = _evaluate(tmp_path, champion=tmp_path / "old")
    assert "champion" not in _named(got)
    assert "The champion is left out" in got.reasons[0]
    assert why in got.reasons[0]
    assert got.promote


def test_a_champion_with_its_classes_in_another_order_is_read_right(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    make_bundle(tmp_path / "old", weight=-2.0, bias=1.0, classes=["bad", "good"])
    got = _evaluate(tmp_path, champion=tmp_path / "old")
    pages = _named(got)
    assert pages["champion"].metrics["auc"] == pages["logistic"].metrics["auc"]
    assert _against(got)["champion"].gain.value == pytest.approx(0)


def test_a_candidate_with_nan_scores_stops_the_stage_by_name(tmp_path: Path) -> None:
    make_world(tmp_path, rows=60)
    make_training(tmp_path / "training", keras_mlp={"weight": float("nan")})
    with pytest.raises(StageError, match="keras_mlp: its scores must be finite"):
        _evaluate(tmp_path)


def test_a_swapped_bundle_is_noticed(tmp_path: Path) -> None:
    make_world(tmp_path, rows=60)
    make_training(tmp_path / "training", logistic=GOOD)
    make_bundle(tmp_path / "training" / "candidates" / "logistic", **USELESS)
    with pytest.raises(ArtifactError, match=r"not the bundle that training\.json names"):
        _evaluate(tmp_path)


def test_one_class_in_the_test_has_no_auc(tmp_path: Path) -> None:
    split = np.repeat(["train", "validation", "test"], 20)
    target = np.where(split == "test", "good", np.tile(CLASSES, 30))
    make_prepared(tmp_path / "prepared", x=np.tile([-1.0, 1.0], 30), target=target, split=split)
    make_training(tmp_path / "training", logistic=GOOD)
    page = _named(_evaluate(tmp_path))["logistic"]
    assert set(page.metrics) == {"accuracy", "log_loss", "brier", "f1_macro"}


def test_an_empty_test_split_is_named(tmp_path: Path) -> None:
    split = np.repeat(["train", "validation"], 10)
    make_prepared(tmp_path / "prepared", x=np.ones(20), target=np.tile(CLASSES, 10), split=split)
    make_training(tmp_path / "training", logistic=GOOD)
    with pytest.raises(DataError, match="the test split has no rows"):
        _evaluate(tmp_path)


def test_no_servable_candidate_says_why(tmp_path: Path) -> None:
    make_world(tmp_path, rows=60)
    training = make_training(tmp_path / "training", logistic=GOOD)
    training.candidates[0].refused = "parity 0.3"
    (tmp_path / "training" / "training.json").write_text(training.model_dump_json())
    with pytest.raises(StageError, match=r"no candidate can be served: logistic: parity 0\.3"):
        _evaluate(tmp_path)


def test_regression_judges_the_number_acted_on(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    split = np.array(["train", "validation", "test"])[np.arange(600) % 3]
    make_prepared(tmp_path / "prepared", x=x, target=3 * x + random.normal(size=600), split=split)
    line = {"task": "regression", "weight": 3.0}
    make_training(tmp_path / "training", linear=line, ridge=line | {"offset": 2.0})
    got = _evaluate(tmp_path, payoff=LINE_PAYOFF)
    pages = _named(got)
    assert (got.winner, got.promote, got.classes) == ("linear", True, [])
    assert pages["linear"].metrics["mae"].value == pytest.approx(0.8, abs=0.1)
    assert pages["ridge"].residual_quantiles[2] == pytest.approx(2, abs=0.3)
    assert pages["nothing"].metrics["r2"].value == pytest.approx(0, abs=0.05)
