"""Metrics agree with scikit-learn's and are defined where theirs are."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from mdlc.components.evaluation import metrics
from mdlc.core.scoring_rules import Floats, Ints


def _problem(classes: int, rows: int = 300) -> tuple[Floats, Ints]:
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, rows)
    logits = np.round(random.normal(size=(rows, classes)), 1)  # Rounded: ties.
    logits[np.arange(rows), truth] += 1
    scores = np.exp(logits)
    return scores / scores.sum(axis=1, keepdims=True), truth


@pytest.mark.parametrize("classes", [2, 3])
def test_classification_agrees_with_scikit_learn(classes: int) -> None:
    scores, truth = _problem(classes)
    got = metrics.classification(scores, truth)
    said = scores.argmax(axis=1)
    assert got["accuracy"] == pytest.approx(reference.accuracy_score(truth, said))
    assert got["f1_macro"] == pytest.approx(reference.f1_score(truth, said, average="macro"))
    assert got["log_loss"] == pytest.approx(reference.log_loss(truth, scores))
    assert got["brier"] == pytest.approx(reference.brier_score_loss(truth, scores))
    if classes == 2:
        assert got["auc"] == pytest.approx(reference.roc_auc_score(truth, scores[:, 1]))
    else:
        assert "auc" not in got


def test_auc_is_absent_with_one_class() -> None:
    scores, _ = _problem(2)
    assert "auc" not in metrics.classification(scores, np.zeros(len(scores), int))


def test_certain_and_wrong_has_a_finite_log_loss() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    got = metrics.classification(scores, np.array([1, 1]))
    assert got["log_loss"] == pytest.approx(-np.log(1e-7) / 2)


def test_regression_agrees_with_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(1e6, 1, 200)  # Far from 0: sums of squares would cancel.
    values = truth + random.normal(size=200) / 2
    got = metrics.regression(values, truth)
    assert got["mae"] == pytest.approx(reference.mean_absolute_error(truth, values))
    assert got["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, values))
    assert got["r2"] == pytest.approx(reference.r2_score(truth, values))


def test_r2_is_absent_when_the_truth_is_constant() -> None:
    assert set(metrics.regression(np.arange(3.0), np.ones(3))) == {"mae", "rmse"}
