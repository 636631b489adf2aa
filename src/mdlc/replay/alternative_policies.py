"""The policies that the loop is compared with on the same rows: never, monthly, rule, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from mdlc.components.preparation.stage import prepare
from mdlc.components.training.stage import train
from mdlc.core import payoff
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.training_result import Contestant, Training
from mdlc.core.files import read_document
from mdlc.core.model_kind import kind_of
from mdlc.core.scorer import Scorer
from mdlc.core.spec import Lifecycle
from mdlc.life.retraining_request import renewal_of
from mdlc.life.train import TrainingArtifacts
from mdlc.replay.row_stream import Array, RowStream


@dataclass(frozen=True)
class Monthly:
    """Retraining every month, computed in a process of its own beside the replay."""

    pool: ProcessPoolExecutor
    models: list[Future[tuple[datetime, Path]]]

    def wait(self) -> dict[datetime, Path]:
        """Wait for the process; return each month's start and the bundle that serves from then."""
        return dict(model.result() for model in self.models)

    def close(self) -> None:
        """End the process, whether it has finished or not."""
        self.pool.shutdown(wait=False, cancel_futures=True)


def start_monthly(
    lifecycle: Lifecycle,
    *,
    results: TrainingArtifacts,
    champion: Path,
    stream: RowStream,
    folder: Path,
) -> Monthly:
    """Start to train one model for the start of each month, on all rows that are known by then.

    Kind, hyperparameters and cleaning are the champion's, and each model is promoted untested, as
    by a cron job.
    """
    pool = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
    text = lifecycle.model_dump_json(by_alias=True)
    models = [
        pool.submit(_train_month, text, results, champion, month, folder / f"{month:%Y-%m}")
        for month in months(stream.begins, stream.ends)
    ]
    return Monthly(pool, models)


def months(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the first moments of the months after `begin` and before `end`."""
    year, month = begin.year, begin.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        start = datetime(year, month, 1, tzinfo=UTC)
        if start >= end:
            return
        yield start


def _train_month(
    text: str, results: TrainingArtifacts, champion: Path, month: datetime, folder: Path
) -> tuple[datetime, Path]:
    lifecycle = Lifecycle.model_validate_json(text)
    manifest = read_document(champion / MANIFEST, Manifest)
    spec = renewal_of(lifecycle, champion=manifest, until=month).spec
    model = spec.model.model_copy(
        update={"tuning": spec.model.tuning.model_copy(update={"trials": 1})}
    )
    table, models = folder / "table", folder / "models"
    for path in (table, models):
        path.mkdir(parents=True)
    prepare(spec.data, model=model, snapshot=results.folder("collection"), out=table, until=month)
    findings = read_document(results.folder("exploration") / "exploration.json", Exploration)
    kind = manifest.candidate
    train(
        model,
        name=lifecycle.name,
        payoff=spec.business.payoff,
        drift=spec.monitor.drift,
        parity=spec.deploy.promote.parity,
        prepared=table,
        cleaning=findings.decisions,
        contestants=[Contestant(kind=kind, deep=kind_of(kind).deep)],
        out=models,
        warm=champion,
    )
    trained = read_document(models / "training.json", Training)
    return month, models / next(c.folder for c in trained.candidates if c.folder)


def earned_by(bundle: Path, stream: RowStream, *, rows: Array) -> Array:
    """Return what a bundle's decisions would have earned on the given rows of the stream."""
    scorer = Scorer.load(bundle)
    answers = scorer.answer({name: column[rows] for name, column in stream.batch.items()})
    return earned(
        scorer.manifest, action=answers.actions, value=answers.values, truth=stream.target[rows]
    )


def earned(manifest: Manifest, *, action: Array, value: Array, truth: Array) -> Array:
    """Return the money that actions (for regression, values) earned given the truth; (rows,)."""
    if manifest.task == "regression":
        return payoff.for_numbers(manifest.payoff).earned(value, truth.astype(float))
    table = payoff.for_classes(manifest.payoff, manifest.classes)
    actions = {name: i for i, name in enumerate(table.actions)}
    classes = {name: i for i, name in enumerate(table.classes)}
    return table.earned(
        np.array([actions[a] for a in action], dtype=int),
        np.array([classes[c] for c in truth], dtype=int),
    )


def nothing_earned(manifest: Manifest, *, truth: Array, past: Array) -> Array:
    """Return the money that the best constant answer earns, without any model; (rows,).

    `past` is the target of the training rows; the constant answer is the one that is best on them.
    """
    if manifest.task == "regression":
        unit = payoff.for_numbers(manifest.payoff)
        constant = float(np.quantile(past.astype(float), unit.quantile))
        return unit.earned(np.full(len(truth), constant), truth.astype(float))
    table = payoff.for_classes(manifest.payoff, manifest.classes)
    classes = {name: i for i, name in enumerate(table.classes)}
    before = np.array([classes[c] for c in past], dtype=int)
    now = np.array([classes[c] for c in truth], dtype=int)
    return table.earned(np.full(len(now), table.constant(before)), now)
