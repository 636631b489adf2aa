"""One attempt at a run: what was planned is done once, and found done by whoever comes after."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.errors import MdlcError
from mdlc.core.files import read_document, write_document
from mdlc.core.spec import Lifecycle, load
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.model import CandidateChoice
from mdlc.life.progress import SilentProgress
from mdlc.life.release_record import SILENT
from mdlc.life.releases import bundle_of, current, require
from mdlc.life.retraining_attempt import (
    INTENT,
    ReleasePlan,
    execute,
    folder_of,
    plan_release,
    release_plan_of,
    renewal_of,
    result_of,
    run_attempt,
)
from mdlc.life.retraining_request import RetrainingRequest, retrain
from mdlc.retraining.ledger import Ledger
from mdlc.state.watch_documents import Verdict
from tests import tiny
from tests.unit.life.test_releases import World, at


class Attempt(World):
    """Version 1 serves; version 2 was made by a run that the ledger decided at 13:00."""

    def __init__(self, folder: Path, *, canary: bool = False, promote: bool = True) -> None:
        super().__init__(folder)
        self.release("1")
        deployment, evaluation = self.made("2")
        evaluation = evaluation.model_copy(update={"promote": promote, "reasons": ["earns more"]})
        write_document(folder / "evaluation" / "evaluation.json", evaluation)
        self.artifacts = {"evaluation": folder / "evaluation", "deployment": deployment}
        self.verdict = Verdict(
            id="test-0001", time=at(1), reasons=["money"], decision="run", why="", evidence={}
        )
        self.lifecycle = self._file(Canary(ratio=0.2) if canary else None)
        self.plan = plan_release(self.artifacts, verdict=self.verdict, champion="1", time=at(2))

    def _file(self, canary: Canary | None) -> Lifecycle:
        made = load(tiny.write_file(self.folder))
        deploy = made.spec.deploy.model_copy(update={"canary": canary})
        return made.model_copy(update={"spec": made.spec.model_copy(update={"deploy": deploy})})

    def execute(self) -> tuple[str, str]:
        made = execute(self.lifecycle, workspace=self.workspace, intent=self.plan)
        return made.outcome, made.version

    def result(self) -> str:
        made = result_of(self.workspace, self.plan)
        return made.outcome if made else "not executed"

    def write_plan(self, plan: ReleasePlan | None = None) -> None:
        write_document(folder_of(self.workspace, self.verdict.id) / INTENT, plan or self.plan)


class Pipeline:
    """Stands for a runner whose pipeline leaves given artifacts, or is killed."""

    def __init__(self, attempt: Attempt, *, killed: bool = False) -> None:
        self.workspace, self.attempt, self.killed, self.runs = attempt.workspace, attempt, killed, 0

    def run(self, *_: Any, **__: Any) -> dict[str, Path]:
        self.runs += 1
        if self.killed:
            raise KeyboardInterrupt
        return self.attempt.artifacts


@pytest.mark.parametrize(("canary", "outcome"), [(False, "promoted"), (True, "canary")])
def test_a_plan_is_executed_once_however_often_it_is_asked_for(
    tmp_path: Path, canary: bool, outcome: str
) -> None:
    attempt = Attempt(tmp_path, canary=canary)
    assert attempt.result() == "not executed"
    assert attempt.execute() == (outcome, "2")
    pointer, told = current(attempt.workspace), attempt.told()
    assert attempt.result() == outcome
    assert attempt.execute() == (outcome, "2")
    assert (current(attempt.workspace), attempt.told()) == (pointer, told)


def test_what_evaluation_refused_is_never_released(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, promote=False)
    assert attempt.execute() == ("refused", "")
    assert attempt.told() == [("promotion", "1", "")]


def test_a_challenger_that_beat_another_champion_is_refused(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    attempt.release("3", hour=1)
    made = execute(attempt.lifecycle, workspace=attempt.workspace, intent=attempt.plan)
    assert made.outcome == "refused"
    assert made.detail == "version 3 began to serve while it was trained"


@pytest.mark.parametrize("canary", [False, True])
def test_a_line_that_a_kill_left_out_is_written_by_the_next_attempt(
    tmp_path: Path, canary: bool
) -> None:
    attempt = Attempt(tmp_path, canary=canary)
    before = attempt.workspace.history.read_bytes()
    head = attempt.workspace.history.with_name("history.jsonl.head")
    kept = head.read_bytes()
    done = attempt.execute()
    attempt.workspace.history.write_bytes(before)
    head.write_bytes(kept)
    assert attempt.execute() == done
    assert [entry.version for entry in attempt.entries()] == ["1", "2"]
    assert attempt.entries()[-1].why == "earns more" != SILENT


def test_what_became_of_a_trial_does_not_change_what_the_run_did(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, canary=True)
    attempt.execute()
    attempt.rollback()
    assert attempt.execute() == ("canary", "2")
    assert attempt.told()[-1] == ("canary_rollback", "1", "2")


def test_a_written_plan_is_executed_without_training_again(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    attempt.write_plan()
    runner: Any = Pipeline(attempt)
    made = run_attempt(
        attempt.lifecycle,
        runner=runner,
        verdict=attempt.verdict,
        clock=lambda: at(5),
        progress=SilentProgress(),
    )
    assert (made.outcome, runner.runs, require(attempt.workspace).since) == ("promoted", 0, at(2))


def test_a_plan_of_a_ledger_that_was_deleted_is_not_this_runs(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    attempt.write_plan(attempt.plan.model_copy(update={"decided": at(0)}))
    assert release_plan_of(attempt.workspace, attempt.verdict) is None
    attempt.write_plan()
    assert release_plan_of(attempt.workspace, attempt.verdict) == attempt.plan


@pytest.mark.parametrize("released", [True, False])
def test_a_killed_run_that_had_released_ends_as_what_it_did(tmp_path: Path, released: bool) -> None:
    """The next `mdlc retrain` finds it; one that released nothing has failed."""
    attempt = Attempt(tmp_path)
    workspace, retrain_spec = attempt.workspace, attempt.lifecycle.spec.retrain
    policy = retrain_spec.model_copy(update={"max_per_month": 3})
    ledger = Ledger(workspace.ledger, retrain=policy, model="test")
    run = ledger.decide(time=at(1), reasons=["money"], evidence={}, new_labels=5)
    assert run.decision == "run"
    attempt.write_plan(attempt.plan.model_copy(update={"decided": run.time}))
    if released:
        attempt.execute()
    request = RetrainingRequest(time=at(4), reasons=["nothing"], evidence={})
    runner: Any = Pipeline(attempt)
    retrain(
        attempt.lifecycle,
        workspace=workspace,
        runner=runner,
        request=request,
        progress=SilentProgress(),
    )
    ended = ledger.run(run.id)
    wanted = ("promoted", "2") if released else ("failed", "")
    assert (ended.outcome, ended.version) == wanted


def test_a_retraining_keeps_the_champions_kind_and_a_changed_file_is_tried_in_full(
    tmp_path: Path,
) -> None:
    attempt = Attempt(tmp_path)
    champion = read_document(
        bundle_of(attempt.workspace, require(attempt.workspace)) / MANIFEST, Manifest
    ).model_copy(update={"candidate": "lightgbm"})
    until = at(9) + timedelta(days=1)
    kept = renewal_of(attempt.lifecycle, champion=champion, until=until).spec.model
    assert [choice.kind for choice in kept.candidates] == ["lightgbm"]
    assert kept.split.until == until
    full = renewal_of(attempt.lifecycle, champion=champion, until=until, changed=True).spec.model
    assert full.candidates == attempt.lifecycle.spec.model.candidates


def test_where_the_rule_is_champion_a_retraining_tries_all_candidates(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    rule = read_document(
        bundle_of(attempt.workspace, require(attempt.workspace)) / MANIFEST, Manifest
    ).model_copy(update={"candidate": "rule"})
    file = attempt.lifecycle
    asked = renewal_of(file, champion=rule, until=at(9)).spec.model
    assert asked.candidates == file.spec.model.candidates
    few = CandidateChoice(kind="logistic")
    again = file.spec.retrain.model_copy(update={"candidates": [few]})
    stated = file.model_copy(update={"spec": file.spec.model_copy(update={"retrain": again})})
    assert renewal_of(stated, champion=rule, until=at(9)).spec.model.candidates == [few]


def test_without_a_release_there_is_nothing_to_execute_against(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    attempt.workspace.pointer.unlink()
    with pytest.raises(MdlcError, match="no released model"):
        attempt.execute()
