"""One prediction's story: what was answered, by whom in which role, what came of it in money."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import DataError
from mdlc.core.spec import Lifecycle, load
from mdlc.life.prediction_trace import HIDDEN, PredictionTrace, trace_of
from mdlc.serving.payload_labels import Label
from mdlc.serving.payload_log import PayloadLog
from tests import tiny
from tests.unit.life.test_releases import World, at


class Traced(World):
    """Version 1 serves from 12:00, version 2 is on trial from 14:00; predictions are logged."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.release("1")
        self.canary("2", hour=2)
        self.lifecycle = load(tiny.write_file(folder))

    def log(self, id: str, *, hour: float, version: str = "1", action: str = "act") -> None:
        row: dict[str, Any] = {
            "id": id,
            "time": (at(0) + timedelta(hours=hour)).replace(tzinfo=None),
            "version": version,
            "features": {"x": 0.5, "picture": [0.0] * 100},
            "scores": {"bought": 0.75, "left": 0.25},
            "action": action,
            "value": None,
            "expected": 1.25,
        }
        with closing(PayloadLog(self.workspace.store, name=self.workspace.name)) as log:
            log.add([row])

    def label(self, id: str, text: str) -> None:
        moment = at(9).replace(tzinfo=None)
        with closing(PayloadLog(self.workspace.store, name=self.workspace.name)) as log:
            (verdict,) = log.label([Label(id, text, moment)], received=moment)
            assert verdict.status == "accepted", verdict

    def trace(self, id: str, lifecycle: Lifecycle | None = None) -> PredictionTrace:
        return trace_of(lifecycle or self.lifecycle, workspace=self.workspace, id=id)

    def hiding(self, *columns: str) -> Lifecycle:
        spec = self.lifecycle.spec
        data = spec.data.model_copy(update={"sensitive": list(columns)})
        return self.lifecycle.model_copy(update={"spec": spec.model_copy(update={"data": data})})


@pytest.fixture
def traced(tmp_path: Path) -> Traced:
    return Traced(tmp_path)


@pytest.mark.parametrize(
    ("version", "hour", "role"),
    [("1", 1, "champion"), ("2", 3, "canary"), ("1", 3, "champion"), ("8", 3, "unknown")],
)
def test_a_version_is_told_in_the_role_that_it_had(
    traced: Traced, version: str, hour: float, role: str
) -> None:
    traced.log("p", hour=hour, version=version)
    assert traced.trace("p").answer.role == role


def test_a_canarys_model_is_told_as_tried_until_it_is_promoted(traced: Traced) -> None:
    traced.log("p", hour=3, version="2")
    on_trial = traced.trace("p").origin
    assert (on_trial.tried, on_trial.promoted) == (at(2), None)
    traced.promote(hour=5)
    promoted = traced.trace("p")
    assert (promoted.origin.tried, promoted.origin.promoted) == (at(2), at(5))
    assert promoted.answer.role == "canary", "what it was when it answered"


@pytest.mark.parametrize(
    ("action", "truth", "earned"),
    [
        ("act", "bought", 2.0),
        ("act", "left", -1.0),
        ("wait", "bought", 0.0),
        ("gone", "left", None),
    ],
)
def test_a_label_tells_what_the_action_earned(
    traced: Traced, action: str, truth: str, earned: float | None
) -> None:
    """By today's prices: an action that the file no longer has, has none."""
    traced.log("p", hour=1, action=action)
    assert traced.trace("p").truth is None
    traced.label("p", truth)
    found = traced.trace("p").truth
    assert found is not None
    assert (found.label, found.earned) == (truth, earned)


def test_sensitive_values_are_not_shown_and_images_are_told_by_their_size(traced: Traced) -> None:
    traced.log("p", hour=1)
    assert traced.trace("p").answer.features == {"x": 0.5, "picture": "100 numbers"}
    assert traced.trace("p", traced.hiding("x")).answer.features["x"] == HIDDEN
    traced.label("p", "bought")
    truth = traced.trace("p", traced.hiding("answer")).truth
    assert truth is not None
    assert (truth.label, truth.earned) == (HIDDEN, None), "the money would give the label away"


def test_without_the_versions_manifest_no_value_is_known_to_be_harmless(traced: Traced) -> None:
    traced.log("p", hour=1, version="8")
    assert set(traced.trace("p").answer.features.values()) == {HIDDEN}


def test_an_unknown_id_names_the_nearest(traced: Traced) -> None:
    with pytest.raises(DataError, match="nothing has been predicted"):
        traced.trace("order-17")
    traced.log("order-16", hour=1)
    with pytest.raises(
        DataError, match="no prediction of test has the id order-17; the nearest is"
    ):
        traced.trace("order-17")
