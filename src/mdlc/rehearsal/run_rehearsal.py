"""A rehearsal from its first row to the last alert's end, unattended."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from mdlc.core.errors import MdlcError
from mdlc.core.files import write_document
from mdlc.core.spec import Lifecycle
from mdlc.life.progress import Progress
from mdlc.life.train import TrainingOutcome, train
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.local.warm_server import WarmServer
from mdlc.rehearsal.concept_drift import changed_world, find_drift, known_world
from mdlc.rehearsal.loop_timeline import LoopTimeline
from mdlc.rehearsal.service_stack import Ports, client, folder_of, running_stack
from mdlc.rehearsal.time_compression import compress_time
from mdlc.rehearsal.traffic import Traffic
from mdlc.replay.replay_workspace import fresh_replay_workspace
from mdlc.state.rehearsal_documents import RehearsalRecord
from mdlc.state.workspace import Workspace

WINDOW = timedelta(seconds=20)
"""How long monitor.window takes."""
RATE = 800.0
"""Predictions a second, at most."""
LABELS_AFTER = 1.0
"""Seconds from a prediction to its label."""
LIMIT_SECONDS = 200.0
"""How long after the drift the loop may take to close."""
LOOK_SECONDS = 0.25
SETTLE_SECONDS = 15.0
SHOWN = 20


@dataclass(frozen=True)
class RehearsalPlan:
    """What is rehearsed."""

    window: timedelta = WINDOW
    drift: bool = True
    rate: float = RATE
    limit_seconds: float = LIMIT_SECONDS
    seed: int = 0


def rehearse(
    lifecycle: Lifecycle, *, workspace: Workspace, plan: RehearsalPlan, progress: Progress
) -> RehearsalRecord:
    """Serve the model, watch it, change the world, and see the loop close; write rehearsal.json.

    A model of the file is trained first where that has not been done. What really serves is not
    touched: a rehearsal has a workspace of its own.

    Raises:
        MdlcError: there is no model worth serving.
        ServiceError: Prometheus or Alertmanager is not installed, or a program does not start.
    """
    words = ""
    with WarmServer() as server:
        made = train(
            lifecycle, workspace=workspace, runner=LocalRunner(workspace, server), progress=progress
        )
        if plan.drift:
            changed = find_drift(lifecycle, table=made.results.folder("preparation"))
            lifecycle, words = changed.lifecycle, changed.words
        lived = fresh_replay_workspace(workspace, "rehearsal")
        shutil.rmtree(folder_of(lived), ignore_errors=True)
        first = train(
            lifecycle, workspace=lived, runner=LocalRunner(lived, server), progress=progress
        )
    if first.pointer is None:
        raise MdlcError(
            "the first model is not worth serving: " + "; ".join(first.evaluation.reasons),
            hint="nothing is rehearsed without a model",
        )
    short = compress_time(lifecycle, window=plan.window)
    act = _Act(short, lived, first, plan, progress, root=workspace.root, words=words)
    seen = act.play(day=plan.window / (lifecycle.spec.monitor.window / timedelta(days=1)))
    write_document(lived.home / "rehearsal.json", seen)
    return seen


class _Act:
    """One rehearsal with its streams, clients and observer."""

    def __init__(  # noqa: PLR0913 - what a rehearsal is made of
        self,
        lifecycle: Lifecycle,
        workspace: Workspace,
        first: TrainingOutcome,
        plan: RehearsalPlan,
        progress: Progress,
        *,
        root: Path,
        words: str,
    ) -> None:
        assert first.pointer  # noqa: S101 - the caller has made sure
        self._lifecycle, self._workspace, self._plan = lifecycle, workspace, plan
        self._progress, self._root, self._words = progress, root, words
        self._before = first.pointer.version
        monitor = lifecycle.spec.monitor
        # Long enough that a window lies wholly behind the version's warm-up and alerts could fire.
        self._quiet = (monitor.warm_up + monitor.window + 2 * monitor.hold).total_seconds()
        table = first.results.folder("preparation")
        wanted = int(plan.rate * (self._quiet + 10))
        self._known = known_world(table, rows=wanted, seed=plan.seed)
        self._rate = min(plan.rate, len(self._known) / (self._quiet + 5))
        rows = int(plan.rate * plan.limit_seconds)
        self._changed = changed_world(table, lifecycle=lifecycle, rows=rows) if plan.drift else None

    def play(self, *, day: timedelta) -> RehearsalRecord:
        """Run it; return what was seen."""
        started = datetime.now(UTC)
        ports = Ports.free()
        self._progress.say("starting the predictor, the trigger, Alertmanager and Prometheus")
        with (
            running_stack(self._lifecycle, workspace=self._workspace, root=self._root, ports=ports),
            httpx.Client(base_url=f"http://127.0.0.1:{ports.predictor}", timeout=30) as http,
            client(ports) as prometheus,
            Traffic(http, name=self._workspace.name, labels_after=LABELS_AFTER) as traffic,
        ):
            watching = LoopTimeline(self._lifecycle, self._workspace, prometheus, self._before)
            false_alarms = self._stand_still(traffic, watching)
            if self._changed is not None:
                self._drift(traffic, watching)
        counts = traffic.counts
        runs = watching.runs()
        seen = RehearsalRecord(
            name=self._workspace.name,
            started=started,
            seconds=round((datetime.now(UTC) - started).total_seconds(), 1),
            drifted=self._changed is not None,
            day_seconds=round(day.total_seconds(), 3),
            predictions=counts.predictions,
            labels=counts.labels,
            requests=counts.requests,
            failed_requests=counts.failed[:SHOWN],
            slowest_seconds=round(counts.slowest_seconds, 3),
            false_alarms=false_alarms,
            alerts=sorted(watching.alerts),
            retrainings=len(runs),
            promoted=next((run.version for run in runs if run.outcome == "promoted"), ""),
            steps=watching.steps(),
            problems=[],
        )
        ended = f"{runs[-1].outcome}: {runs[-1].detail}" if runs else "none was asked for"
        return seen.model_copy(update={"problems": problems(seen, ended=ended)})

    def _stand_still(self, traffic: Traffic, watching: LoopTimeline) -> list[str]:
        """Send the known world; return the names of alerts that fired for no reason."""
        self._progress.say(
            f"the world stands still for {self._quiet:.0f} s, {self._rate:.0f} predictions a second"
        )
        traffic.play(self._known, rate=self._rate)
        # Until Prometheus has read everyone once, somebody seems to be down.
        settled = time.monotonic() + SETTLE_SECONDS
        while not watching.settled() and time.monotonic() < settled:
            time.sleep(LOOK_SECONDS)
        fired: set[str] = set()
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < self._quiet:
            fired |= {labels["alertname"] for labels in watching.standing("firing")}
            self._progress.step(int(passed), int(self._quiet), "nothing should fire")
            time.sleep(LOOK_SECONDS)
        return sorted(fired)

    def _drift(self, traffic: Traffic, watching: LoopTimeline) -> None:
        assert self._changed is not None  # noqa: S101 - the caller has made sure
        begins = f"{self._changed.begins:%Y-%m-%d}"
        self._progress.say(f"the world of {begins} comes, in which, {self._words}")
        watching.seen["drift"] = traffic.play(self._changed, rate=self._plan.rate)
        begun, told = time.monotonic(), {"drift"}
        limit = self._plan.limit_seconds
        while (passed := time.monotonic() - begun) < limit:
            closed = watching.look(heard=traffic.counts.first_answer)
            for name in [name for name in watching.seen if name not in told]:
                told.add(name)
                detail = watching.details.get(name, "")
                self._progress.say(f"{passed:5.1f} s  {name}: {detail}".rstrip(": "))
            if closed:
                return
            self._progress.step(int(passed), int(limit), "waiting for the loop to close")
            time.sleep(LOOK_SECONDS)


def problems(seen: RehearsalRecord, *, ended: str) -> list[str]:
    """Return what a rehearsal shows that should not be; `ended` says how its retraining ended."""
    found = []
    if seen.failed_requests:
        found.append(f"requests failed, the first: {seen.failed_requests[0]}")
    if seen.false_alarms:
        found.append(f"fired while the world stood still: {', '.join(seen.false_alarms)}")
    if not seen.drifted:
        if seen.retrainings:
            found.append(f"{seen.retrainings} retrainings without drift")
        return found
    reached = {step.name for step in seen.steps}
    if "hold" not in reached:
        found.append("no alert with a reason to retrain fired")
    if seen.retrainings != 1:
        found.append(f"{seen.retrainings} retrainings instead of one")
    if not seen.promoted:
        found.append(f"no challenger was promoted; the retraining: {ended}")
    elif "resolve" not in reached:
        found.append("the old version's alerts did not resolve in time")
    return found
