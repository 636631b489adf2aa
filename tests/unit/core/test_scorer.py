"""The scorer: cleaning, order of classes, action and expected money, without a real model."""

from __future__ import annotations

import numpy as np
import pytest

from mdlc.core.bundle import Manifest
from mdlc.core.cleaning import Decision
from mdlc.core.columns import Batch, Feature
from mdlc.core.errors import DataError
from mdlc.core.profile import Profile
from mdlc.core.scorer import Scorer
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Task

CLEANING = [
    Decision(action="clip", column="x", why="", low=0, high=1),
    Decision(action="drop", column="y", why=""),
]


def scorer(task: Task = "binary", *, offset: float = 0.0) -> Scorer:
    """A model that answers with x, the probability of the second class."""
    manifest = Manifest(
        name="test",
        candidate="rule",
        task=task,
        format="onnx",
        features=[Feature(name="x", kind="number"), Feature(name="y", kind="number")],
        cleaning=CLEANING,
        classes=["no", "yes"] if task == "binary" else [],
        payoff=Payoff(actions={"act": {"no": -1, "yes": 3}, "wait": {"no": 0, "yes": 0}})
        if task == "binary"
        else Payoff(under=-1, over=-1),
        offset=offset,
        parity=0,
        trained_rows=1,
    )

    def run(batch: Batch) -> np.ndarray:
        assert set(batch) == {"x"}, "the model sees what cleaning keeps"
        x = batch["x"]
        return np.stack([1 - x, x], axis=1) if task == "binary" else x

    return Scorer(manifest, Profile(rows=0, series=[]), run)


def batch(*values: float) -> Batch:
    return {"x": np.array(values, np.float32), "more": np.zeros(len(values))}


def test_cleans_and_leaves_extra_columns_out() -> None:
    assert scorer().scores(batch(-5, 0.25, 9))[:, 1].tolist() == [0, 0.25, 1]


def test_chooses_the_action_that_earns_most() -> None:
    """Acting pays from 1/4: 3 p - (1 - p) > 0."""
    answers = scorer().answer(batch(0.125, 0.5))
    assert answers.actions.tolist() == ["wait", "act"]
    assert answers.expected.tolist() == [0, 1]
    assert np.isnan(answers.values).all()


def test_a_number_is_acted_on_with_its_offset() -> None:
    answers = scorer("regression", offset=2).answer(batch(0.5))
    assert answers.scores.tolist() == [0.5]
    assert answers.values.tolist() == [2.5]


def test_a_missing_feature_is_named() -> None:
    with pytest.raises(DataError, match="the feature x is missing"):
        scorer().scores({"y": np.zeros(1, np.float32)})


def test_no_rows_no_answers() -> None:
    assert scorer().scores(batch()).shape == (0, 2)
    assert scorer().answer(batch()).actions.shape == (0,)
    assert scorer("regression").scores(batch()).shape == (0,)
