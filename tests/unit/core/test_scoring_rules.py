"""A probability is judged by one formula, wherever it is judged: at home, live, in a replay."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from mdlc.components.evaluation import metrics
from mdlc.components.training.judging import judge_for
from mdlc.core.scoring_rules import EPSILON, brier_scores, correct, log_losses, skill
from mdlc.core.spec.business import Payoff
from mdlc.serving.label_feedback import judge_classes

CERTAIN = np.array([[1.0, 0.0], [1.0, 0.0], [0.25, 0.75]], np.float32)
TRUTH = np.array([1, 0, 1])
CLASSES = ("no", "yes")
MONEY = Payoff.model_validate({"right": 1, "wrong": -1})


def _labelled(scores: Any, truth: Any) -> Any:
    """Return labels that came for these scores, as the payload log hands them to feedback."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        SimpleNamespace(
            text=CLASSES[true],
            label=SimpleNamespace(time=moment),
            prediction=SimpleNamespace(
                scores=dict(zip(CLASSES, row, strict=True)), action="yes", time=moment
            ),
        )
        for row, true in zip(scores.tolist(), truth.tolist(), strict=True)
    ]


def test_a_certain_error_costs_the_same_in_training_evaluation_and_serving() -> None:
    """It was 16.1 at home and 34.5 live, so skill fell where nothing had changed."""
    evaluation = metrics.classification(CERTAIN, TRUTH)
    trial = judge_for("binary", metric=None, money=MONEY, classes=list(CLASSES), truth=TRUTH)
    live = judge_classes(_labelled(CERTAIN, TRUTH), classes=CLASSES, terms=MONEY)
    assert trial.value(CERTAIN) == evaluation["log_loss"] == live.log_loss / live.labels
    assert evaluation["brier"] == pytest.approx(live.brier / live.labels)
    assert evaluation["accuracy"] == pytest.approx(live.correct / live.labels)
    assert log_losses(CERTAIN[:1], TRUTH[:1])[0] == pytest.approx(16.118, abs=1e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_each_formula_agrees_with_scikit_learn(classes: int) -> None:
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, 300)
    scores = random.dirichlet(np.ones(classes), 300)
    assert log_losses(scores, truth).mean() == pytest.approx(reference.log_loss(truth, scores))
    assert brier_scores(scores, truth).mean() == pytest.approx(
        reference.brier_score_loss(truth, scores)
    )
    assert correct(scores, truth).mean() == reference.accuracy_score(truth, scores.argmax(axis=1))


def test_no_float32_score_is_told_from_certainty_where_float32_cannot() -> None:
    """The bound lies above the distance of float32's numbers just below 1, and not far above."""
    assert np.spacing(np.float32(1)) / 2 < EPSILON < 4 * np.spacing(np.float32(1))


def test_skill_is_0_for_who_says_the_shares_and_none_where_one_class_is_all_there_is() -> None:
    shares = np.array([0.1, 0.9])
    entropy = float(-(shares * np.log(shares)).sum())
    assert skill(entropy, [10, 90]) == pytest.approx(0)
    assert skill(0.0, [10, 90]) == 1
    assert skill(2 * entropy, shares) == pytest.approx(-1)
    assert skill(0.3, [90, 0]) is None
    assert skill(0.3, []) is None
