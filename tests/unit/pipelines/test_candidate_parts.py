"""The cache's answers are the same for one pod's training and for a pod for each candidate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.training_result import Contestant, Selection, Training
from mdlc.core.files import read_document, write_document
from mdlc.pipelines.kubeflow.stage_process import perform
from mdlc.pipelines.kubeflow.step_settings import StepRequest, StepResult, StepSettings
from tests.unit.components.training.conftest import make_prepared  # noqa: F401 - a fixture

PAYOFF = {"right": 1, "wrong": -1}


class Pods:
    """Runs what pods would, one after another, on the same inputs."""

    def __init__(self, folder: Path, prepared: Path) -> None:
        self.folder = folder
        self.inputs = {"table": prepared}
        self.kinds: list[Any] = ["rule", "logistic"]
        self.made = 0

    def run(self, **more: Any) -> tuple[StepResult, Path]:
        self.made += 1
        out = self.folder / "out" / str(self.made)
        asked = StepRequest(
            stage="training",
            settings=StepSettings(name="test", artifacts=str(self.folder / "store")),
            parameters={
                "name": "test",
                "model": json.dumps({"candidates": self.kinds, "tuning": {"trials": 1}}),
                "payoff": json.dumps(PAYOFF),
                "drift": "{}",
                "parity": 1e-4,
                "warm": "",
                "warm_digest": "",
                "half_life": "",
            },
            inputs={**{k: str(v) for k, v in self.inputs.items()}, **self.written()},
            output=("models", str(out)),
            answer=str(self.folder / "answer.json"),
            **more,
        )
        return perform(asked), out

    def written(self) -> dict[str, str]:
        """Write what exploration and selection would."""
        names = [kind if isinstance(kind, str) else kind["kind"] for kind in self.kinds]
        findings, contest = self.folder / "findings", self.folder / "contest"
        lists = ("numbers", "categories", "images", "decisions", "warnings")
        found = {"rows": 1, "target": {}, "correlation": None, "null_sql": ""}
        found |= {name: [] for name in lists}
        write_document(findings / "exploration.json", Exploration.model_validate(found))
        chosen = Selection(
            task="binary",
            task_reason="",
            ml_needed=None,
            ml_reason="",
            contestants=[Contestant(kind=name, deep=False) for name in names],
            ready_made=None,
        )
        write_document(contest / "selection.json", chosen)
        return {"findings": str(findings), "contest": str(contest)}

    def parts(self) -> tuple[list[bool], list[str]]:
        """Run a pod for each kind; return whether the cache answered it, and the folders."""
        names = [kind if isinstance(kind, str) else kind["kind"] for kind in self.kinds]
        made = [self.run(part=name) for name in names]
        return [answer.cached for answer, _ in made], [str(out) for _, out in made]


@pytest.fixture
def pods(tmp_path: Path, make_prepared: Any) -> Pods:  # noqa: F811 - the fixture
    return Pods(tmp_path, make_prepared())


def test_one_pod_finds_what_several_made(pods: Pods) -> None:
    cached, folders = pods.parts()
    assert cached == [False, False]
    joined, _ = pods.run(parts=folders)
    alone, out = pods.run()
    assert (joined.cached, alone.cached) == (False, True)
    assert (joined.key, joined.digest) == (alone.key, alone.digest)
    assert len(read_document(out / "training.json", Training).candidates) == 2


def test_several_pods_find_what_one_made(pods: Pods) -> None:
    alone, _ = pods.run()
    cached, folders = pods.parts()
    joined, _ = pods.run(parts=folders)
    assert cached == [True, True]
    assert (joined.cached, joined.digest) == (True, alone.digest)


def test_another_candidate_leaves_the_others_results(pods: Pods) -> None:
    pods.parts()
    pods.kinds.append("lightgbm")
    assert pods.parts()[0] == [True, True, False]
    pods.kinds[1] = {"kind": "logistic", "params": {"C": 0.5}}
    assert pods.parts()[0] == [True, False, True]
