"""A replay counts what each policy earned and cost, and says what was never decided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.core.errors import MdlcError
from mdlc.core.files import read_document
from mdlc.core.spec import load
from mdlc.core.spec.deploy import Canary
from mdlc.life.data_remarks import DataRemarks
from mdlc.life.progress import SilentProgress
from mdlc.life.train import TrainingArtifacts, TrainingOutcome
from mdlc.monitoring.watch import Watch
from mdlc.replay import run_replay as replaying
from mdlc.replay.retraining_loop import RetrainingLoop
from mdlc.replay.run_replay import UNTIMED, run_replay
from mdlc.state.release_documents import Pointer
from mdlc.state.replay_documents import PolicyResult, ReplayRecord
from mdlc.state.watch_documents import Baseline
from mdlc.state.workspace import Workspace
from tests import tiny
from tests.unit.bundles import make_bundle
from tests.unit.monitoring.test_history_entries import NOON
from tests.unit.replay.streams import CLASSES, FakeServer, stream_of
from tests.winners import deployed

ROWS = 60


class Scene:
    """A replay of 60 rows without processes: the first model, its server and rows are made here."""

    def __init__(self, folder: Path, patched: pytest.MonkeyPatch) -> None:
        self.folder, self.server, self.stream = folder, FakeServer(), stream_of(ROWS)
        self.workspace = Workspace("tiny", folder / ".mdlc", folder)
        self.worth, self.served, self.trained = True, 0, 0
        patched.setattr(replaying, "WarmServer", self._process)
        patched.setattr(replaying, "train", self._train)
        patched.setattr(replaying, "serving", self._serving)
        patched.setattr(replaying, "read_stream", lambda *_, **__: self.stream)
        patched.setattr(replaying, "money_by_policy", self._money)

    @contextmanager
    def _process(self) -> Iterator[Any]:
        yield None

    def _train(self, *_: Any, workspace: Workspace, **__: Any) -> TrainingOutcome:
        self.trained += 1
        out = workspace.pointer.parent / "deployment"
        manifest = make_bundle(out / "bundle", classes=CLASSES)
        evaluation = deployed(
            out, name="tiny", version="1", digest=manifest.digest, money=1, created=NOON
        ).model_copy(update={"reasons": ["it earns less than the rule"]})
        pointer = Pointer(
            name="tiny",
            version="1",
            bundle="deployment/bundle",
            digest=manifest.digest,
            since=NOON,
        )
        results = TrainingArtifacts(stages={"preparation": str(self.folder)}, spec="")
        released = pointer if self.worth else None
        return TrainingOutcome(
            results, evaluation, released, released=True, cached=False, reading=DataRemarks()
        )

    @contextmanager
    def _serving(self, *_: Any, **__: Any) -> Iterator[Any]:
        self.served += 1
        yield self.server.client

    def _money(self, *_: Any, answers: Any, **__: Any) -> dict[str, Any]:
        self.answers = answers
        half = np.where(np.arange(ROWS) < ROWS / 2, 2.0, np.nan)
        return {"loop": half, "never": half / 2, "rule": half * 0, "nothing": half * 0}

    def replay(self, *, canary: bool = False) -> ReplayRecord:
        lifecycle = load(tiny.write_file(self.folder, ("min_new_labels: 1", "cost_per_run: 7")))
        spec = lifecycle.spec
        deploy = spec.deploy.model_copy(update={"canary": Canary() if canary else None})
        return run_replay(
            lifecycle.model_copy(update={"spec": spec.model_copy(update={"deploy": deploy})}),
            workspace=self.workspace,
            begin=None,
            end=None,
            progress=SilentProgress(),
        )


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def test_what_was_lived_is_counted_and_written(scene: Scene) -> None:
    life = scene.replay()
    assert (life.decisions, life.labels, life.failed_requests) == (ROWS, ROWS, 0)
    assert sum(week.decisions for week in life.weeks) == ROWS
    assert read_document(scene.workspace.life, ReplayRecord) == life
    assert scene.trained == 2, "in the real workspace, then from its cache in the replay's own"


def test_each_policy_pays_for_its_own_retrainings_and_the_loop_is_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(loop: Any, _: datetime) -> None:
        loop.retrainings = 2

    monkeypatch.setattr(RetrainingLoop, "tick", twice)
    policies: dict[str, PolicyResult] = {policy.name: policy for policy in scene.replay().policies}
    assert list(policies) == ["loop", "never", "rule", "nothing"]
    loop, never = policies["loop"], policies["never"]
    assert (loop.earned, loop.retraining_cost, loop.net) == (ROWS, 14, ROWS - 14)
    assert (never.earned, never.retrainings, never.net) == (ROWS / 2, 0, ROWS / 2)


def test_a_canary_that_was_never_decided_about_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(loop: Any, _: datetime) -> None:
        loop.trial = Baseline(version="2", money_per_decision=1, log_loss=None, mae=None)
        loop.waits = "it has answered 3 of 200 predictions"

    monkeypatch.setattr(RetrainingLoop, "tick", begin)
    said = "version 2 was still on trial at the end: it has answered 3 of 200 predictions"
    assert said in scene.replay(canary=True).notes
    assert UNTIMED not in scene.replay(canary=True).notes


def test_samples_are_kept_for_as_long_as_a_canary_may_be_on_trial(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []

    class Noted(Watch):
        def __init__(self, *args: Any, **options: Any) -> None:
            kept.append(options["keep"])
            super().__init__(*args, **options)

    monkeypatch.setattr(replaying, "Watch", Noted)
    scene.replay()
    scene.replay(canary=True)
    span = scene.stream.ends - scene.stream.begins
    assert not kept[0]
    assert kept[1] > span


def test_a_first_model_that_is_not_worth_serving_is_not_replayed(scene: Scene) -> None:
    scene.worth = False
    with pytest.raises(MdlcError, match="not worth serving: it earns less than the rule"):
        scene.replay()
    assert scene.served == 0


def test_without_times_no_month_is_lived(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluation then has no dates: there are no months to retrain at."""
    begun: list[object] = []
    monkeypatch.setattr(replaying, "start_monthly", lambda *_, **__: begun.append(1))
    scene.replay()
    assert begun == []
