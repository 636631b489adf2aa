"""A run whose work was done ends as what it did, even where its last attempt was killed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from mdlc.core.files import write_document
from mdlc.life.retraining_attempt import INTENT, execute, folder_of
from mdlc.state.watch_documents import Verdict
from mdlc.trigger.backends import RunReport
from mdlc.trigger.backends.local_backend import LocalBackend
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower
from tests import tiny
from tests.unit.life.test_releases import at
from tests.unit.life.test_retraining_attempt import Attempt

POLICY = "max_per_month: 3\n    attempts: 2\n    when: [money]"
MINUTE = timedelta(minutes=1)


class Killed(LocalBackend):
    """Runs whose children are killed with the trigger before they report, but for the one that
    finds a plan: what that does is done here, in place of a process."""

    def __init__(self, attempt: Attempt, file: Path, workspace: Any) -> None:
        super().__init__(file, workspace=workspace)
        self.attempt, self.workspace, self.starts = attempt, workspace, 0
        self.reports: list[RunReport] = []

    def start(self, verdict: Verdict) -> str:
        self.starts += 1
        if self.kept(verdict):
            plan = self.attempt.plan.model_copy(update={"decided": verdict.time})
            made = execute(self.attempt.lifecycle, workspace=self.workspace, intent=plan)
            self.reports.append(
                RunReport(outcome=made.outcome, detail=made.detail, version=made.version)
            )
        return ""

    def poll(self, verdict: Verdict) -> RunReport | None:  # noqa: ARG002 - what a backend is asked
        return self.reports.pop() if self.reports else None


class Scene:
    """A run that was started twice of two times, by triggers that were killed."""

    def __init__(self, folder: Path) -> None:
        self.attempt = Attempt(folder)
        self.now = at(1)
        file = tiny.write_file(folder, ("max_per_month: 0", POLICY), ("name: tiny", "name: test"))
        self.watched = LifecycleEntry(file, home=folder / ".mdlc", clock=lambda: self.now)
        self.run = self.watched.ledger.decide(
            time=self.now, reasons=["money"], evidence={}, new_labels=9
        )
        self.backend = Killed(self.attempt, file, self.watched.workspace)
        for name in ("first", "second"):
            self.watched.ledger.claim(name, self.now, lease=MINUTE)
            self.now += 2 * MINUTE

    def plan(self) -> None:
        plan = self.attempt.plan.model_copy(update={"decided": self.run.time})
        write_document(folder_of(self.watched.workspace, self.run.id) / INTENT, plan)
        self.attempt.plan = plan

    def look(self) -> Verdict:
        follower = RunFollower(
            lambda: [(self.watched, self.backend)],
            terms=FollowTerms("third", 1.0),
            requests=RequestCounter(CollectorRegistry()),
        )
        follower.look()
        follower.look()
        return self.watched.ledger.run(self.run.id)


@pytest.mark.parametrize("released", [True, False])
def test_a_run_at_its_bound_with_its_plan_written_ends_as_what_it_did(
    tmp_path: Path, released: bool
) -> None:
    """The kill came after the release, or just before it: training is done in both."""
    scene = Scene(tmp_path)
    scene.plan()
    if released:
        scene.attempt.execute()
    ended = scene.look()
    assert (ended.outcome, ended.version, scene.backend.starts) == ("promoted", "2", 1)
    assert scene.attempt.told()[-1] == ("promotion", "2", "1")


def test_a_run_at_its_bound_without_a_plan_has_failed(tmp_path: Path) -> None:
    ended = (scene := Scene(tmp_path)).look()
    assert (ended.outcome, scene.backend.starts) == ("failed", 0)
    assert ended.detail == "2 attempts ended without a result"
    assert scene.attempt.told() == [("promotion", "1", "")]


@pytest.mark.parametrize("released", [True, False])
def test_a_child_that_ends_without_a_report_is_known_by_what_it_released(
    tmp_path: Path, released: bool
) -> None:
    """It may have been killed, or have found the disk full, between the release and its report."""
    scene = Scene(tmp_path)
    scene.plan()
    if released:
        scene.attempt.execute()
    backend = LocalBackend(tmp_path / "lifecycle.yaml", workspace=scene.watched.workspace)
    report = backend.poll(scene.run)
    assert report is not None
    assert report.outcome == ("promoted" if released else "failed")
    assert report.version == ("2" if released else "")
