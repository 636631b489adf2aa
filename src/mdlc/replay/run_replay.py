"""Runs a replay: train, serve, send the rows of each hour, retrain as the loop decides, compare.

A replay has a workspace of its own, .mdlc/NAME/replay, emptied each time except for its cache. So
it does not touch the model that really serves from the main workspace.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mdlc.core.bundle import open_bundle
from mdlc.core.errors import MdlcError, SpecError
from mdlc.core.files import write_document
from mdlc.core.spec import Lifecycle
from mdlc.life.progress import Progress
from mdlc.life.releases import bundle_of
from mdlc.life.server_process import serving
from mdlc.life.train import TrainingOutcome, train
from mdlc.monitoring.watch import Watch
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.local.warm_server import WarmServer
from mdlc.replay.alternative_policies import Monthly, start_monthly
from mdlc.replay.earned_money import money_by_policy
from mdlc.replay.fresh_workspace import fresh_replay_workspace
from mdlc.replay.request_driver import TICK_EVERY, RecordedAnswers, RequestDriver
from mdlc.replay.retraining_loop import RetrainingLoop, baseline_of
from mdlc.replay.row_stream import Array, RowStream, as_datetime, read_stream
from mdlc.replay.weekly_summary import make_weeks
from mdlc.state.release_documents import Pointer
from mdlc.state.replay_documents import PolicyResult, ReplayRecord
from mdlc.state.workspace import Workspace

UNTIMED = "the data have no time: these are the test rows, ten an hour on an invented clock"
TITLES = {
    "loop": "mdlc's loop",
    "never": "never retrain",
    "monthly": "retrain every month",
    "rule": "the rule",
    "nothing": "do nothing",
}


@dataclass(frozen=True)
class ReplayContext:
    """What a replay has after its first training: workspace, first model, runner, progress."""

    lifecycle: Lifecycle
    workspace: Workspace
    runner: LocalRunner
    progress: Progress
    first: TrainingOutcome
    stream: RowStream
    pointer: Pointer

    @property
    def bundle(self) -> Path:
        """The model that serves first."""
        return bundle_of(self.workspace, self.pointer)


def run_replay(  # noqa: PLR0913 - the options of the verb
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    begin: datetime | None,
    end: datetime | None,
    progress: Progress,
    monthly: bool = True,
) -> ReplayRecord:
    """Replay the rows from `begin` to `end` and write life.json.

    Args:
        lifecycle: The lifecycle; it is trained first if that has not been done.
        workspace: The lifecycle's workspace; the replay's lies inside it.
        begin: First moment; None: the end of training.
        end: Last moment; None: the end of the data.
        progress: Told of stages, days and events.
        monthly: Whether to compare with retraining every month, computed in a second process.

    Raises:
        MdlcError: there is nothing to live through, or the first model is not worth serving.
        SpecError: the file has no payoff.
    """
    started = time.monotonic()
    if lifecycle.spec.business.payoff is None:
        raise SpecError(
            "a replay compares policies in money, and the file does not say what a decision earns",
            where="spec.business.payoff",
            hint="state a payoff; mdlc init writes an example of one",
        )
    with WarmServer() as server:
        train(
            lifecycle, workspace=workspace, runner=LocalRunner(workspace, server), progress=progress
        )
        lived = fresh_replay_workspace(workspace)
        runner = LocalRunner(lived, server)
        first = train(lifecycle, workspace=lived, runner=runner, progress=progress)
        if first.pointer is None:
            raise MdlcError(
                "the first model is not worth serving: " + "; ".join(first.evaluation.reasons),
                hint="nothing is replayed without a model",
            )
        stream = read_stream(first.results.folder("preparation"), begin=begin, end=end)
        begun = ReplayContext(lifecycle, lived, runner, progress, first, stream, first.pointer)
        with _months(begun, wanted=monthly) as months:
            loop, answers = _serve_and_drive(begun)
            progress.say("counting what the alternatives would have earned")
            money = money_by_policy(
                stream,
                answers=answers,
                bundle=begun.bundle,
                results=first.results,
                months=months.wait() if months else {},
            )
    life = _life(lifecycle, loop=loop, answers=answers, money=money, started=started)
    write_document(workspace.life, life)
    return life


@contextlib.contextmanager
def _months(begun: ReplayContext, *, wanted: bool) -> Iterator[Monthly | None]:
    """Compute the monthly policy while the block runs, if the data have a time column."""
    if not wanted or begun.first.evaluation.begins is None:
        yield None
        return
    months = start_monthly(
        begun.lifecycle,
        results=begun.first.results,
        champion=begun.bundle,
        stream=begun.stream,
        folder=begun.workspace.folder / "monthly",
    )
    try:
        yield months
    finally:
        months.close()


def _serve_and_drive(begun: ReplayContext) -> tuple[RetrainingLoop, RecordedAnswers]:
    lifecycle, workspace, stream = begun.lifecycle, begun.workspace, begun.stream
    spec = lifecycle.spec
    manifest, _ = open_bundle(begun.bundle)
    answers = RecordedAnswers.empty(len(stream), classes=manifest.classes)
    whole = as_datetime(stream.label_time.max()) - stream.begins + TICK_EVERY
    watch = Watch(
        spec.monitor,
        model=lifecycle.name,
        folder=workspace.folder / "watch",
        identifiers=spec.data.identifiers,
        # A canary is judged by everything that was counted since it began, so keep all samples.
        keep=whole if spec.deploy.canary else timedelta(0),
    )
    baseline = baseline_of(begun.first.evaluation, version=begun.pointer.version)
    total = max((stream.ends - stream.begins).days, 1)
    log = workspace.folder / "serve.log"
    with (
        contextlib.closing(watch),
        serving(lifecycle, workspace=workspace, log=log, request_clock=True) as client,
    ):
        loop = RetrainingLoop(
            lifecycle, workspace, begun.runner, begun.progress, client, stream, watch, baseline
        )

        def show(hour: datetime) -> None:
            text = f"{hour:%Y-%m-%d} version {loop.baseline.version}"
            begun.progress.step((hour - stream.begins).days, total, text)

        RequestDriver(
            stream,
            client,
            lifecycle.name,
            answers,
            max_rows=spec.deploy.serving.max_rows,
            tick=loop.tick,
            on_hour=show,
        ).run()
    return loop, answers


def _life(
    lifecycle: Lifecycle,
    *,
    loop: RetrainingLoop,
    answers: RecordedAnswers,
    money: dict[str, Array],
    started: float,
) -> ReplayRecord:
    stream = loop.stream
    return ReplayRecord(
        begins=stream.begins,
        ends=stream.ends,
        currency=lifecycle.spec.business.currency,
        decisions=len(stream),
        labels=int(answers.labelled.sum()),
        failed_requests=answers.failed_requests,
        weeks=make_weeks(
            stream,
            answers=answers,
            money=money,
            observations=loop.observations,
            ignored=set(lifecycle.spec.monitor.drift.ignore),
        ),
        events=loop.events,
        policies=_policies(lifecycle, loop=loop, money=money),
        seconds=round(time.monotonic() - started, 1),
        notes=[
            f"lived on {datetime.now(UTC):%Y-%m-%d}; time stands still while a retraining runs",
            "money is counted on labelled decisions only",
            *(_on_trial(loop)),
            *([] if stream.timed else [UNTIMED]),
        ],
    )


def _on_trial(loop: RetrainingLoop) -> list[str]:
    """Return the note that a canary was still on trial at the end, if one was."""
    if loop.trial is None:
        return []
    return [f"version {loop.trial.version} was still on trial at the end: {loop.waits}"]


def _policies(
    lifecycle: Lifecycle, *, loop: RetrainingLoop, money: dict[str, Array]
) -> list[PolicyResult]:
    """Return what each policy earned and cost, the loop first."""
    stream = loop.stream
    cost = lifecycle.spec.retrain.cost_per_run
    counts = {"loop": loop.retrainings}
    if "monthly" in money:
        ends = as_datetime(stream.time[-1])
        counts["monthly"] = (ends.year - stream.begins.year) * 12 + ends.month - stream.begins.month
    policies = []
    for name, title in TITLES.items():
        if name in money:
            total, times = float(np.nansum(money[name])), counts.get(name, 0)
            policies.append(
                PolicyResult(
                    name=name,
                    title=title,
                    earned=total,
                    retrainings=times,
                    retraining_cost=times * cost,
                    net=total - times * cost,
                )
            )
    return policies
