"""A lifecycle takes the lock itself, and says what it lacks before there is a model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import mdlc
from mdlc.api.prediction_frames import answers_to_frame, feature_values
from mdlc.core.columns import Feature
from mdlc.errors import BusyError, DataError, MdlcError
from tests import tiny

MANIFEST: Any = SimpleNamespace(
    features=[Feature(name="x", kind="number"), Feature(name="group", kind="category")]
)


@pytest.fixture
def lifecycle(tmp_path: Path) -> mdlc.Lifecycle:
    return mdlc.load(tiny.write_file(tmp_path))


@pytest.mark.parametrize("act", ["run", "replay", "retrain", "rehearse", "promote", "rollback"])
def test_what_changes_something_holds_the_lifecycle(lifecycle: mdlc.Lifecycle, act: str) -> None:
    with lifecycle.workspace.lock(), pytest.raises(BusyError, match="tiny is in use"):
        getattr(lifecycle, act)()


@pytest.mark.parametrize("document", ["evaluation", "training", "snapshot", "last_replay"])
def test_a_document_that_is_not_there_yet_says_so(lifecycle: mdlc.Lifecycle, document: str) -> None:
    with pytest.raises(MdlcError, match=r"yet; .*mdlc "):
        getattr(lifecycle, document)


def test_without_a_release_nothing_predicts_or_serves(lifecycle: mdlc.Lifecycle) -> None:
    assert lifecycle.serving is None
    with pytest.raises(MdlcError, match="no released model"):
        lifecycle.predict(pd.DataFrame({"x": [1.0]}))
    with pytest.raises(MdlcError, match="no released model"), lifecycle.serve():
        pass
    with pytest.raises(MdlcError, match="use it in its with block"):
        _ = lifecycle.serve().url


def test_rows_are_taken_by_the_names_of_their_columns() -> None:
    rows = pd.DataFrame({"group": ["a", None], "x": [1.5, float("nan")]}, index=["p", "q"])
    assert feature_values(rows, manifest=MANIFEST) == {"x": [1.5, None], "group": ["a", None]}
    arrow = pa.table({"x": [1.0], "group": ["b"]})
    assert feature_values(arrow, manifest=MANIFEST) == {"x": [1.0], "group": ["b"]}


def test_a_column_too_many_or_too_few_is_refused() -> None:
    with pytest.raises(DataError, match="column grop is not a feature; did you mean group"):
        feature_values(pd.DataFrame({"x": [1.0], "grop": ["a"]}), manifest=MANIFEST)
    with pytest.raises(DataError, match="no column group, which the model reads"):
        feature_values(pd.DataFrame({"x": [1.0]}), manifest=MANIFEST)


def test_a_servers_answer_keeps_the_index_of_the_rows() -> None:
    rows = pd.DataFrame({"x": [1.0]}, index=["p"])
    answer = {"id": "i", "action": "act", "expected": 2.0, "scores": {"yes": 0.75, "no": 0.25}}
    frame = answers_to_frame({"predictions": [answer]}, rows=rows)
    assert frame.loc["p"].to_dict() == {
        "id": "i",
        "action": "act",
        "expected": 2.0,
        "score_yes": 0.75,
        "score_no": 0.25,
    }
