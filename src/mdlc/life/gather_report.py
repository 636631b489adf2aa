"""Reads the documents of a lifecycle's workspace and builds the report from them."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from mdlc.core.documents.business_case import BusinessCase
from mdlc.core.documents.evaluation_result import Deployment, Evaluation
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.documents.training_result import Selection, Training
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle
from mdlc.life.train import TrainingArtifacts, artifacts_path
from mdlc.monitoring.report import ReportInput, build
from mdlc.monitoring.version_history import History
from mdlc.retraining.ledger import Ledger
from mdlc.state.replay_documents import ReplayRecord
from mdlc.state.workspace import Workspace, replay_workspace

D = TypeVar("D", bound=BaseModel)


def report(lifecycle: Lifecycle, *, workspace: Workspace, out: Path | None = None) -> Path:
    """Write the report with all that is there so far; return its path.

    History and decisions are those of the replay if there was one, otherwise of real serving.
    """
    target = out or workspace.report
    build(gather(lifecycle, workspace=workspace), out=target)
    return target


def gather(lifecycle: Lifecycle, *, workspace: Workspace) -> ReportInput:
    """Read every document that exists."""
    made = artifacts_path(workspace)
    results = (
        read_document(made, TrainingArtifacts) if made.exists() else TrainingArtifacts(stages={})
    )

    def read(stage: str, kind: type[D]) -> D | None:
        return results.document(stage, kind) if stage in results.stages else None

    life = read_document(workspace.life, ReplayRecord) if workspace.life.exists() else None
    shown = replay_workspace(workspace) if life else workspace
    retrain = lifecycle.spec.retrain
    return ReportInput(
        name=lifecycle.name,
        lifecycle=lifecycle,
        business=_measured(
            lifecycle, read("business", BusinessCase), read("evaluation", Evaluation)
        ),
        snapshot=read("collection", Snapshot),
        prepared=read("preparation", Prepared),
        exploration=read("exploration", Exploration),
        selection=read("selection", Selection),
        training=read("training", Training),
        evaluation=read("evaluation", Evaluation),
        deployment=read("deployment", Deployment),
        life=life,
        history=History(shown.history).entries() if shown.history.exists() else [],
        verdicts=Ledger(shown.ledger, retrain=retrain, model=lifecycle.name).all()
        if (shown.folder / "trigger.db").exists()
        else [],
    )


def _measured(
    lifecycle: Lifecycle, case: BusinessCase | None, evaluation: Evaluation | None
) -> BusinessCase | None:
    """Return the business case with expected values replaced by those measured on the test set."""
    if case is None or evaluation is None:
        return case
    from mdlc.components.business.stage import remeasure

    if not evaluation.priced:
        return case
    money = {c.name: c.money_per_decision.value for c in evaluation.contenders}
    measured: dict[str, float] = {n: money[n] for n in ("rule", "nothing") if n in money}
    measured["build"] = money[evaluation.winner]
    return remeasure(case, measured=measured, business=lifecycle.spec.business)
