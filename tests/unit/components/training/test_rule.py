"""The rule: stated or learnt, in words, the same in ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.components.training.candidates.rule import RuleOfThumb
from mdlc.components.training.problem import Problem, TrainingRows
from mdlc.core.columns import Feature
from mdlc.core.errors import SpecError, StageError
from mdlc.core.scorer import load_onnx
from mdlc.core.spec.model import Rule, RuleCondition


def problem(when: list[dict[str, Any]], *, numbers: bool = False, dropped: str = "") -> Problem:
    batch = {
        "hour": np.array([1, 5, 18, 20, 22, np.nan], np.float32),
        "carrier": np.array(["AA", "UA", "UA", "UA", "", "UA"], object),
    }
    truth = np.array([0.0, 0, 4, 8, 0, 0]) if numbers else np.array([0, 0, 1, 1, 0, 0])
    rows = TrainingRows(batch, batch, truth)
    features = [Feature(name="hour", kind="number"), Feature(name="carrier", kind="category")]
    return Problem(
        task="regression" if numbers else "binary",
        classes=[] if numbers else ["on_time", "late"],
        features=[feature for feature in features if feature.name != dropped],
        train=rows,
        validation=rows,
        rule=Rule(when=[RuleCondition.model_validate(condition) for condition in when]),
        dropped={dropped: "collinear with time"} if dropped else {},
        seed=0,
        cores=1,
    )


EVENING = {"column": "hour", "at_least": 18}
UNITED = {"column": "carrier", "one_of": ["UA", "US"]}


def test_a_stated_rule_tells_the_share_on_each_side(tmp_path: Path) -> None:
    """Rows 2 and 3 meet both; a missing hour meets nothing."""
    made = problem([EVENING, UNITED])
    fitted = RuleOfThumb(made).fit({})
    assert fitted.validated[:, 1].tolist() == [0, 0, 1, 1, 0, 0]
    assert fitted.description == (
        "if hour is at least 18 and carrier is one of UA, US: late 100.0%, on_time 0.0%;"
        " otherwise: on_time 100.0%, late 0.0%"
    )
    fitted.export(tmp_path)
    answered = load_onnx(tmp_path / "model.onnx")(made.validation.batch)
    assert np.array_equal(answered, fitted.validated)


def test_below_and_means(tmp_path: Path) -> None:
    made = problem([{"column": "hour", "below": 18}, UNITED], numbers=True)
    fitted = RuleOfThumb(made).fit({})
    assert fitted.validated[1] == 0
    assert fitted.validated[0] == pytest.approx(12 / 5)
    fitted.export(tmp_path)
    answered = load_onnx(tmp_path / "model.onnx")(made.validation.batch)
    assert np.array_equal(answered, fitted.validated)


def test_a_side_without_rows_says_what_is_true_of_all() -> None:
    fitted = RuleOfThumb(problem([{"column": "hour", "at_least": 99}])).fit({})
    assert "late 33.3%" in fitted.description.split("otherwise")[0]


def test_a_learnt_rule_asks_at_most_two_questions() -> None:
    description = RuleOfThumb(problem([])).fit({}).description
    assert len(description.split("; ")) == 3
    assert "hour is above" in description
    assert "carrier is not missing" in description or "hour is at most" in description


def test_a_rule_about_a_dropped_column_is_refused() -> None:
    with pytest.raises(StageError, match="cleaning drops: collinear with time"):
        RuleOfThumb(problem([EVENING], dropped="hour"))


def test_a_comparison_of_the_wrong_kind() -> None:
    with pytest.raises(SpecError, match="hour is a feature of kind number") as caught:
        RuleOfThumb(problem([UNITED, {"column": "hour", "one_of": ["18"]}]))
    assert caught.value.where == "spec.model.rule.when[1]"
