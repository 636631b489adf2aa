"""What test rows were asked is counted once for each question, in its order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mdlc.pipelines.local import judged_tests
from mdlc.pipelines.stage_arguments import Arguments
from mdlc.state.workspace import Workspace
from tests.unit.bundles import make_training, make_world


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace("tiny", tmp_path, tmp_path / "home")


def answered(folder: Path) -> Path:
    """Write an evaluation."""
    from mdlc.components.evaluation.stage import evaluate
    from mdlc.core.spec.model import Model
    from mdlc.core.spec.promotion import Promotion
    from tests.unit.bundles import PAYOFF

    out = folder / "evaluation"
    out.mkdir()
    make_world(folder)
    make_training(folder / "training", logistic={"weight": 1.0})
    evaluate(
        Model(bootstrap=100),
        promotion=Promotion(),
        payoff=PAYOFF,
        prepared=folder / "prepared",
        training=folder / "training",
        out=out,
    )
    return out


def test_the_same_question_is_told_of_those_before_it_and_counts_once(
    tmp_path: Path, workspace: Workspace
) -> None:
    evaluation = answered(tmp_path)
    first: Arguments = {"model": "a"}
    second: Arguments = {"model": "b"}
    third: Arguments = {"model": "c"}
    assert judged_tests.with_earlier(workspace, first)["earlier"] == ""
    for asked in (first, second, first, second):
        judged_tests.record(workspace, asked, evaluation=evaluation)
    assert judged_tests.with_earlier(workspace, first)["earlier"] == ""
    assert len(json.loads(str(judged_tests.with_earlier(workspace, second)["earlier"]))) == 1
    assert len(json.loads(str(judged_tests.with_earlier(workspace, third)["earlier"]))) == 2
