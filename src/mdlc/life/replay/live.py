"""Live through later data: serve, answer, label, watch, retrain, promote; then count the money.

A replay has a workspace of its own (.mdlc/NAME/replay), made anew each time but for its cache, so a
model that really serves from the main one is never touched.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np

from mdlc.core.bundle import Manifest, open_bundle
from mdlc.core.columns import SPLIT, TARGET, read_table
from mdlc.core.documents.evaluation import Evaluation
from mdlc.core.documents.life import Event, Life, Policy
from mdlc.core.documents.serving import Pointer
from mdlc.core.documents.training import Training
from mdlc.core.documents.watch import Baseline, Observation
from mdlc.core.errors import MdlcError, ServiceError
from mdlc.core.files import read_document, write_document
from mdlc.core.spec import Lifecycle
from mdlc.core.workspace import Workspace
from mdlc.life.progress import Progress
from mdlc.life.release import bundle_of, winner
from mdlc.life.replay.drive import Answers, Driver
from mdlc.life.replay.place import fresh_place
from mdlc.life.replay.policies import earned, earned_by, nothing_earned, start_monthly
from mdlc.life.replay.stream import Array, Stream, as_datetime, as_datetime64, read_stream
from mdlc.life.replay.weeks import make_weeks
from mdlc.life.retrain import Request, Retraining, retrain
from mdlc.life.server import serving
from mdlc.life.train import Results, train
from mdlc.monitoring.watch import Watch
from mdlc.pipelines.local.run import Runner
from mdlc.pipelines.local.warm import WarmServer

TITLES = {
    "loop": "mdlc's loop",
    "never": "never retrain",
    "monthly": "retrain every month",
    "rule": "the rule",
    "nothing": "do nothing",
}


@dataclass
class Loop:
    """What one replay keeps while it runs."""

    lifecycle: Lifecycle
    place: Workspace
    runner: Runner
    progress: Progress
    client: httpx.Client
    stream: Stream
    watch: Watch
    baseline: Baseline
    observations: list[Observation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    retrainings: int = 0
    firing: set[str] = field(default_factory=set)

    def tick(self, now: datetime) -> None:
        """Scrape, look, and ask for a retraining where an alert says so."""
        exposition = self.client.get("/metrics")
        exposition.raise_for_status()
        seen = self.watch.observe(now, exposition.text, baseline=self.baseline)
        self.observations.append(seen)
        self._note_alerts(seen)
        firing = [a for a in seen.alerts if a.state == "firing" and a.reason]
        if not firing:
            return
        reasons = sorted({alert.reason for alert in firing})
        evidence = {alert.name: alert.summary for alert in firing}
        request = Request(time=now, reasons=reasons, evidence=evidence)
        before = len(self.events)
        try:
            made = retrain(
                self.lifecycle,
                place=self.place,
                runner=self.runner,
                request=request,
                progress=self.progress,
            )
        except ServiceError:
            raise
        except MdlcError as error:
            self._event(now, "failure", "retraining failed", detail=str(error))
            return
        self._note_retraining(now, made)
        if len(self.events) > before:
            self.progress.say(f"{now:%Y-%m-%d} {self.events[-1].title}")

    def _note_alerts(self, seen: Observation) -> None:
        for alert in seen.alerts:
            if alert.state == "firing" and alert.name not in self.firing:
                self.firing.add(alert.name)
                self._event(seen.time, "alert", alert.name, detail=alert.summary)
                self.progress.say(f"{seen.time:%Y-%m-%d} {alert.name}: {alert.summary}")
            if alert.state == "resolved" and alert.name in self.firing:
                self.firing.discard(alert.name)
                self._event(seen.time, "resolved", alert.name, detail=alert.summary)

    def _note_retraining(self, now: datetime, made: Retraining) -> None:
        verdict = made.verdict
        if verdict.decision != "run":
            if not verdict.evidence.get("repeats"):
                title = f"retraining {'deferred' if verdict.decision == 'defer' else 'skipped'}"
                self._event(now, "trigger", title, detail=verdict.why)
            return
        self.retrainings += 1
        self._event(now, "retraining", f"retraining: {', '.join(verdict.reasons)}", detail=verdict.why)
        if made.pointer is None or made.evaluation is None:
            self._event(now, "refusal", "challenger refused", detail=verdict.detail)
            return
        self.baseline = baseline_of(made.evaluation, version=made.pointer.version)
        reload(self.client, name=self.place.name, version=made.pointer.version)
        title = f"version {made.pointer.version} promoted"
        self._event(now, "promotion", title, detail=verdict.detail, version=made.pointer.version)

    def _event(self, now: datetime, kind: str, title: str, *, detail: str, version: str = "") -> None:
        fields = {"time": now, "kind": kind, "title": title, "detail": detail, "version": version}
        self.events.append(Event.model_validate(fields))


def live(
    lifecycle: Lifecycle,
    *,
    place: Workspace,
    begin: datetime | None,
    end: datetime | None,
    progress: Progress,
    monthly: bool = True,
) -> Life:
    """Live from `begin` to `end` and write life.json.

    Args:
        lifecycle: The file; it is trained first where that has not been done.
        place: Its workspace.
        begin: First moment; None: from the end of training.
        end: Last moment; None: to the end of the data.
        progress: Told of stages, days and events.
        monthly: Whether the alternative of retraining every month is lived too, in a second process.

    Raises:
        MdlcError: there is nothing to live through, or the first model is not worth serving.
    """
    started = time.monotonic()
        with WarmServer() as server:
        train(
            lifecycle, place=place, runner=Runner(place, server), progress=progress
        )
        lived = fresh_place(place)
        runner = Runner(lived, server)
        first = train(lifecycle, place=lived, runner=runner, progress=progress)
        if first.pointer is None:
            raise MdlcError(
                "the first model is not worth serving: " + "; ".join(first.evaluation.reasons),
                hint="nothing is replayed without a model",
            )
        stream = read_stream(first.results.folder("preparation"), begin=begin, end=end)
        bundle = bundle_of(lived, first.pointer)
        months = (
            start_monthly(
                lifecycle,
                results=first.results,
                champion=bundle,
                stream=stream,
                folder=lived.folder / "monthly",
            )
            if monthly and first.evaluation.begins
            else None
        )
        try:
            log = lived.folder / "serve.log"
            with serving(lifecycle, place=lived, log=log, request_clock=True) as client:
                loop, answers = _drive(
                    lifecycle,
                    place=lived,
                    runner=runner,
                    progress=progress,
                    client=client,
                    stream=stream,
                    pointer=first.pointer,
                    evaluation=first.evaluation,
                )
            progress.say("counting what the alternatives would have earned")
            money = _money(
                stream,
                answers=answers,
                bundle=bundle,
                results=first.results,
                months=months.wait() if months else {},
            )
        finally:
            if months:
                months.close()
    life = _life(lifecycle, loop=loop, answers=answers, money=money, started=started)
    write_document(place.life, life)
    return life


def _drive(
    lifecycle: Lifecycle,
    *,
    place: Workspace,
    runner: Runner,
    progress: Progress,
    client: httpx.Client,
    stream: Stream,
    pointer: Pointer,
    evaluation: Evaluation,
) -> tuple[Loop, Answers]:
    spec = lifecycle.spec
    manifest, _ = open_bundle(bundle_of(place, pointer))
    answers = Answers.empty(len(stream), classes=manifest.classes)
    watch = Watch(
        spec.monitor,
        model=lifecycle.name,
        folder=place.folder / "watch",
        identifiers=spec.data.identifiers,
    )
    baseline = baseline_of(evaluation, version=pointer.version)
    loop = Loop(
        lifecycle, place, runner, progress, client, stream, watch, baseline
    )
    total = max((stream.ends - stream.begins).days, 1)
    driver = Driver(
        stream,
        client,
        lifecycle.name,
        answers,
        max_rows=spec.deploy.serving.max_rows,
        tick=loop.tick,
        on_hour=lambda hour: progress.step(
            (hour - stream.begins).days, total, f"{hour:%Y-%m-%d} version {loop.baseline.version}"
        ),
    )
    driver.run()
    return loop, answers


def baseline_of(evaluation: Evaluation, *, version: str) -> Baseline:
    """Return what the winner of an evaluation promised."""
    best = winner(evaluation)
    loss, mae = best.metrics.get("log_loss"), best.metrics.get("mae")
    return Baseline(
        version=version,
        money_per_decision=best.money_per_decision.value,
        log_loss=loss.value if loss else None,
        mae=mae.value if mae else None,
    )


def reload(client: httpx.Client, *, name: str, version: str) -> None:
    """Make the server load what the pointer names.

    Raises:
        ServiceError: it could not; the old model goes on serving.
    """
    response = client.post(f"/v2/repository/models/{name}/load")
    if response.status_code != 200:
        raise ServiceError(
            f"the model server did not load version {version}: {response.text[:200]}",
            hint="the version before goes on serving",
        )


def _money(
    stream: Stream,
    *,
    answers: Answers,
    bundle: Path,
    results: Results,
    months: dict[datetime, Path],
) -> dict[str, Array]:
    """Return policy -> money earned by each row; NaN where no label came."""
    manifest, _ = open_bundle(bundle)
    rows = np.flatnonzero(answers.labelled)
    everything: dict[str, Array] = {
        "loop": earned(
            manifest,
            action=answers.action[rows],
            value=answers.value[rows],
            truth=stream.target[rows],
        ),
        "never": earned_by(bundle, stream, rows=rows),
        "rule": earned_by(_rule(results), stream, rows=rows),
        "nothing": nothing_earned(manifest, truth=stream.target[rows], past=_past(results, manifest)),
    }
    if months:
        served = np.full(len(rows), "", dtype=object)
        times = stream.time[rows]
        bundles = {"": bundle} | {f"{m:%Y-%m}": path for m, path in months.items()}
        for month in sorted(months):
            served[times >= as_datetime64(month)] = f"{month:%Y-%m}"
        everything["monthly"] = np.full(len(rows), np.nan)
        for name, path in bundles.items():
            chosen = np.flatnonzero(served == name)
            everything["monthly"][chosen] = earned_by(path, stream, rows=rows[chosen])
    spread = {}
    for policy, money in everything.items():
        spread[policy] = np.full(len(stream), np.nan)
        spread[policy][rows] = money
    return spread


def _rule(results: Results) -> Path:
    folder = results.folder("training")
    training = read_document(folder / "training.json", Training)
    rule = next((c for c in training.candidates if c.kind == "rule" and c.folder), None)
    if rule is None:
        raise MdlcError("the rule could not be exported, so there is none to compare with")
    return folder / rule.folder


def _past(results: Results, manifest: Manifest) -> Array:
    table = results.folder("preparation") / "table.parquet"
    where = f"{SPLIT} IN ('train', 'validation')"
    _, others = read_table(table, features=manifest.features[:1], where=where, extra=(TARGET,))
    return others[TARGET]


def _life(
    lifecycle: Lifecycle,
    *,
    loop: Loop,
    answers: Answers,
    money: dict[str, Array],
    started: float,
) -> Life:
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
                Policy(
                    name=name,
                    title=title,
                    earned=total,
                    retrainings=times,
                    retraining_cost=times * cost,
                    net=total - times * cost,
                )
            )
    return Life(
        begins=stream.begins,
        ends=stream.ends,
        currency=lifecycle.spec.business.currency,
        decisions=len(stream),
        labels=int(answers.labelled.sum()),
        failed_requests=answers.failed_requests,
        weeks=make_weeks(
            stream, answers=answers, money=money, observations=loop.observations
        ),
        events=loop.events,
        policies=policies,
        seconds=round(time.monotonic() - started, 1),
        notes=[
            f"lived on {datetime.now(UTC):%Y-%m-%d}; time stands still while a retraining runs",
            "money is counted on labelled decisions only",
        ],
    )
