"""The stage: what is written, who is refused, and which errors are the user's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.components.training.candidates.linear import Linear
from mdlc.components.training.candidates.logistic import Logistic
from mdlc.components.training.stage import train
from mdlc.core.bundle import open_bundle
from mdlc.core.cleaning import Decision
from mdlc.core.documents.training_result import Contestant, Training
from mdlc.core.errors import ArtifactError, DataError, SpecError, StageError
from mdlc.core.files import read_document
from mdlc.core.profile import PREDICTION
from mdlc.core.scorer import Scorer
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Model
from mdlc.core.spec.monitor import Drift

RIGHT_WRONG, UNITS = Payoff(right=1, wrong=-1), Payoff(under=-3, over=-1)
DROP_NOISE = Decision(action="drop", column="noise", why="it is noise")


def run(prepared: Path, out: Path, *, kinds: list[str], **changed: Any) -> Training:
    out.mkdir()
    spec = {"candidates": kinds, "tuning": {"trials": 2}, **changed.pop("model", {})}
    given: dict[str, Any] = {
        "name": "test",
        "payoff": RIGHT_WRONG,
        "drift": Drift(bins=4),
        "parity": 1e-4,
        "cleaning": [],
        "contestants": [Contestant(kind=kind, deep=kind.startswith("keras")) for kind in kinds],
        **changed,
    }
    return train(Model.model_validate(spec), prepared=prepared, out=out, **given)


def test_best_first_and_sealed(make_prepared: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = run(make_prepared(), out, kinds=["rule", "logistic", "lightgbm"], cleaning=[DROP_NOISE])
    values = [candidate.value for candidate in made.candidates]
    assert values == sorted(values, key=lambda value: value or 0)
    assert read_document(out / "training.json", Training) == made
    assert made.rows == {"train": 360, "validation": 240}
    for candidate in made.candidates:
        manifest, profile = open_bundle(out / candidate.folder)
        assert manifest.digest == candidate.digest
        assert manifest.parity == candidate.parity
        assert [feature.name for feature in manifest.features] == ["hour", "noise", "carrier"]
        assert [series.name for series in profile.series] == ["hour", "carrier", PREDICTION]
        assert sum(profile.series[0].counts.values()) == 360, "features count training rows"
        assert sum(profile.series[-1].counts.values()) == 240, "predictions count validation rows"
        assert manifest.trained_until is not None
        assert manifest.trained_until.day == 16, "where validation begins"


def test_a_dropped_feature_needs_not_be_sent(make_prepared: Any, tmp_path: Path) -> None:
    made = run(
        make_prepared(), tmp_path / "out", kinds=["logistic"], cleaning=[DROP_NOISE]
    ).candidates[0]
    scorer = Scorer.load(tmp_path / "out" / made.folder)
    batch = {"hour": np.array([3.0], np.float32), "carrier": np.array(["UA"], object)}
    assert scorer.scores(batch).shape == (1, 2)


def test_same_seed_same_bundles(make_prepared: Any, tmp_path: Path) -> None:
    prepared, kinds = make_prepared(), ["rule", "logistic", "lightgbm", "random_forest"]
    one, two = (run(prepared, tmp_path / name, kinds=kinds) for name in ("one", "two"))
    assert [c.digest for c in one.candidates] == [c.digest for c in two.candidates]


def test_regression_offset_is_the_quantile(make_prepared: Any, tmp_path: Path) -> None:
    """Under-prediction costs three times as much: the answer lies above 3 of 4 truths."""
    made = run(make_prepared("regression"), tmp_path / "out", kinds=["linear"], payoff=UNITS)
    manifest, _ = open_bundle(tmp_path / "out" / made.candidates[0].folder)
    assert made.candidates[0].metric == "money"
    assert manifest.offset > 0


def test_one_that_fails_is_refused_and_the_others_go_on(
    make_prepared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Logistic, params: Any) -> Any:
        raise ValueError("no luck")

    monkeypatch.setattr(Logistic, "fit", fail)
    good, bad = run(make_prepared(), tmp_path / "out", kinds=["logistic", "rule"]).candidates
    assert (good.kind, good.refused) == ("rule", "")
    assert bad.refused == "no trial gave a model: ValueError: no luck"
    assert [trial.state for trial in bad.trials] == ["failed", "failed"]
    assert bad.folder == ""
    assert not (tmp_path / "out" / "candidates" / "logistic").exists()
    prepared = tmp_path / "prepared-binary"
    with pytest.raises(StageError, match=r"no candidate can be served .*no luck"):
        run(prepared, tmp_path / "all", kinds=["logistic"])


def test_a_failed_export_names_its_reason(
    make_prepared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No converter, no bundle: nothing is pickled instead. The model was trained all the same."""

    def fail(*args: object, **keys: object) -> None:
        raise NotImplementedError("no converter")

    monkeypatch.setattr("skl2onnx.convert_sklearn", fail)
    kinds = ["hist_gradient_boosting", "lightgbm"]
    _, bad = run(make_prepared(), tmp_path / "out", kinds=kinds).candidates
    assert bad.refused == "it cannot be exported: NotImplementedError: no converter"
    assert bad.value is not None
    assert len(bad.trials) == 1, "what cannot be served is not tuned"


def test_parity_above_the_bound_is_refused(make_prepared: Any, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"differs from the trained one by .* more than the 1e-12"):
        run(make_prepared(), tmp_path / "out", kinds=["logistic"], parity=1e-12)


def test_without_tensorflow_keras_is_refused(
    make_prepared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mdlc.components.training.candidates import _keras

    monkeypatch.setitem(sys.modules, "tensorflow", None)
    _keras.tensorflow.cache_clear()
    made = run(make_prepared(), tmp_path / "out", kinds=["keras_mlp", "rule"])
    assert made.candidates[1].refused == "TensorFlow is not installed; install mdlc[deep]"


def test_warm_start_begins_with_the_old_parameters(make_prepared: Any, tmp_path: Path) -> None:
    prepared, fixed = make_prepared(), {"kind": "logistic", "params": {"C": 0.25}}
    run(prepared, tmp_path / "old", kinds=["logistic"], model={"candidates": [fixed]})
    old = tmp_path / "old" / "candidates" / "logistic"
    made = run(prepared, tmp_path / "new", kinds=["logistic", "rule"], warm=old)
    trials = next(c.trials for c in made.candidates if c.kind == "logistic")
    assert trials[0].params["C"] == 0.25
    assert trials[1].params["C"] != 0.25
    (old / "model.onnx").write_bytes(b"altered")
    with pytest.raises(ArtifactError, match="altered"):
        run(prepared, tmp_path / "third", kinds=["rule"], warm=old)


@pytest.mark.parametrize(
    ("model", "where", "text"),
    [
        (
            {"candidates": [{"kind": "lightgbm", "params": {"num_leafs": 3}}]},
            "spec.model.candidates[0].params",
            "no hyperparameter num_leafs; did you mean num_leaves",
        ),
        (
            {"candidates": ["rule", {"kind": "logistic", "params": {"C": "big"}}]},
            "spec.model.candidates[1].params.C",
            "C is a number, got 'big'",
        ),
        ({"candidates": ["logistik"]}, "spec.model.candidates[0].kind", "did you mean logistic"),
        ({"candidates": ["rule", "rule"]}, "spec.model.candidates[1]", "listed twice"),
        ({"tuning": {"metric": "mae"}}, "spec.model.tuning.metric", "use one of log_loss, money"),
        (
            {"rule": {"when": [{"column": "hours", "below": 3}]}},
            "spec.model.rule.when[0]",
            "did you mean hour",
        ),
    ],
)
def test_errors_of_the_file(
    make_prepared: Any, tmp_path: Path, model: dict[str, Any], where: str, text: str
) -> None:
    with pytest.raises(SpecError) as caught:
        run(make_prepared(), tmp_path / "out", kinds=["rule"], model=model)
    assert caught.value.where == where
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"__split": "train"}, "there are no validation rows"),
        ({"__split": "validation"}, "there are no train rows"),
        ({"__target": "late"}, "the class on_time has no training row"),
        ({"__target": "new"}, "'new' among the train rows"),
    ],
)
def test_degenerate_data_are_a_clear_line(
    make_prepared: Any, tmp_path: Path, changed: dict[str, str], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        run(make_prepared(**changed), tmp_path / "out", kinds=["rule"])


def test_a_feature_named_as_the_output_is_refused(make_prepared: Any, tmp_path: Path) -> None:
    prepared = make_prepared(scores=1.0)
    path = prepared / "prepared.json"
    document = json.loads(path.read_text())
    document["features"].append({"name": "scores", "kind": "number"})
    path.write_text(json.dumps(document))
    with pytest.raises(SpecError, match="a feature is named scores"):
        run(prepared, tmp_path / "out", kinds=["rule"])


def test_all_features_dropped(make_prepared: Any, tmp_path: Path) -> None:
    cleaning = [
        Decision(action="drop", column=c, why="empty") for c in ("hour", "noise", "carrier")
    ]
    with pytest.raises(DataError, match="cleaning drops all of the 3 features"):
        run(make_prepared(), tmp_path / "out", kinds=["rule"], cleaning=cleaning)


def test_a_kind_for_another_task_is_refused(make_prepared: Any, tmp_path: Path) -> None:
    made = run(make_prepared(), tmp_path / "out", kinds=[Linear.kind, "rule"])
    assert made.candidates[1].refused == "linear is not for binary"
