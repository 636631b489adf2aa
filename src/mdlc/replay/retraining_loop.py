"""The loop of one replay: each day look at the metrics, judge a canary, ask for a retraining.

A replay has neither Prometheus nor trigger. It scrapes the server itself once each simulated day
and does with that scrape what they do: the watch turns it into alerts, `mdlc.canary` judges a
canary by it, and the ledger decides about the reasons that firing alerts give. When another version
is to answer, the server loads it at once, and the change is recorded as an event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import httpx

from mdlc.canary.canary_judge import by_samples, judge_and_end, terms_of
from mdlc.canary.canary_verdict import CanaryVerdict
from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.errors import MdlcError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.life.progress import Progress
from mdlc.life.releases import require, winner
from mdlc.life.retraining_request import RetrainingOutcome, RetrainingRequest, retrain
from mdlc.monitoring.alert_states import reasons
from mdlc.monitoring.watch import Watch
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.replay.row_stream import RowStream
from mdlc.retraining.ledger import Ledger
from mdlc.state.replay_documents import EventKind, ReplayEvent
from mdlc.state.watch_documents import Baseline, Observation
from mdlc.state.workspace import Workspace


@dataclass
class RetrainingLoop:
    """The state of one replay while it runs."""

    lifecycle: Lifecycle
    workspace: Workspace
    runner: LocalRunner
    progress: Progress
    client: httpx.Client
    stream: RowStream
    watch: Watch
    baseline: Baseline
    observations: list[Observation] = field(default_factory=list)
    events: list[ReplayEvent] = field(default_factory=list)
    retrainings: int = 0
    firing: set[tuple[str, str]] = field(default_factory=set)
    trial: Baseline | None = None
    """What the canary's evaluation promised; None while no canary is on trial."""
    waits: str = ""
    """Why the canary's trial went on when it was last looked at."""
    instead: str = ""
    """The action that is taken whatever the version says; "": its own."""
    answered: tuple[str, ...] = ()
    """The ledger's last decision and reasons; the same decision again makes no further event."""

    def tick(self, now: datetime) -> None:
        """Do one day: scrape, judge the canary, and ask for a retraining if a reason stands."""
        exposition = self.client.get("/metrics")
        exposition.raise_for_status()
        seen = self.watch.observe(now, exposition.text, baseline=self.baseline)
        self.observations.append(seen)
        self._note_alerts(seen)
        if self.trial and self._judge_canary(now).action == "promote":
            # The alerts are about the version that has just been replaced.
            return
        asked = reasons(seen)
        if self.schedule_due(now):
            asked = [*asked, "schedule"]
        if not asked:
            return
        evidence = {a.name: a.summary for a in seen.alerts if a.state == "firing" and a.reason}
        request = RetrainingRequest(time=now, reasons=asked, evidence=evidence)
        before = len(self.events)
        try:
            made = retrain(
                self.lifecycle,
                workspace=self.workspace,
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

    def _judge_canary(self, now: datetime) -> CanaryVerdict:
        """Judge the canary; if its trial ends, have the server load the version that serves now."""
        assert self.trial is not None  # noqa: S101 - the caller has looked
        counts = by_samples(self.watch.samples, model=self.workspace.name, now=now)
        judged = judge_and_end(self.workspace, terms_of(self.lifecycle), counts=counts, now=now)
        if judged.action == "wait":
            self.waits = judged.why
            return judged
        promoted = judged.action == "promote"
        if promoted:
            self.baseline, self.instead = self.trial, ""
        self.trial = None
        reload(self.client, name=self.workspace.name, version=self.baseline.version)
        title = f"version {judged.version} {'promoted' if promoted else 'dropped'}"
        kind: EventKind = "promotion" if promoted else "canary_rollback"
        self._event(now, kind, title, detail=judged.why, version=judged.version)
        self.progress.say(f"{now:%Y-%m-%d} {title}: {judged.why}")
        return judged

    def schedule_due(self, now: datetime) -> bool:
        """Return whether spec.retrain.every has passed since the last run or the replay's begin."""
        policy = self.lifecycle.spec.retrain
        if "schedule" not in policy.when:
            return False
        ledger = Ledger(self.workspace.ledger, retrain=policy, model=self.workspace.name)
        return ledger.due(now, since=self.stream.begins)

    def _note_alerts(self, seen: Observation) -> None:
        for alert in seen.alerts:
            name = (alert.name, alert.subject)
            if alert.state == "firing" and name not in self.firing:
                self.firing.add(name)
                self._event(seen.time, "alert", alert.name, detail=alert.summary)
                self.progress.say(f"{seen.time:%Y-%m-%d} {alert.name}: {alert.summary}")
            if alert.state == "resolved" and name in self.firing:
                self.firing.discard(name)
                self._event(seen.time, "resolved", alert.name, detail=alert.summary)

    def _note_retraining(self, now: datetime, made: RetrainingOutcome) -> None:
        verdict = made.verdict
        answered = (verdict.decision, *verdict.reasons)
        if verdict.decision != "run":
            if answered != self.answered:
                title = f"retraining {'deferred' if verdict.decision == 'defer' else 'skipped'}"
                self._event(now, "trigger", title, detail=verdict.why)
            self.answered = answered
            return
        self.answered = ()
        self.retrainings += 1
        self._event(
            now, "retraining", f"retraining: {', '.join(verdict.reasons)}", detail=verdict.why
        )
        if made.pointer is None or made.evaluation is None:
            self._event(now, "refusal", "challenger refused", detail=verdict.detail)
            self._note_withdrawal(now, why=verdict.detail)
            return
        promised = baseline_of(made.evaluation, version=verdict.version)
        trial = made.pointer.canary if verdict.outcome == "canary" else None
        if trial is not None:
            self.trial, self.waits = promised, "it has just begun"
            title = f"version {trial.version} on trial, with {trial.ratio:.0%} of the predictions"
        else:
            self.baseline, self.instead = promised, ""
            title = f"version {verdict.version} promoted"
        reload(self.client, name=self.workspace.name, version=verdict.version)
        kind: EventKind = "canary" if trial else "promotion"
        self._event(now, kind, title, detail=verdict.detail, version=verdict.version)

    def _note_withdrawal(self, now: datetime, *, why: str) -> None:
        """Serve what the pointer says, if the champion was withdrawn or restored."""
        pointer = require(self.workspace)
        if pointer.instead == self.instead:
            return
        self.instead = pointer.instead
        reload(self.client, name=self.workspace.name, version=pointer.version)
        kind: EventKind = "withdrawal" if pointer.instead else "restoration"
        title = f"version {pointer.version} {'withdrawn' if pointer.instead else 'decides again'}"
        self._event(now, kind, title, detail=why, version=pointer.version)

    def _event(
        self, now: datetime, kind: EventKind, title: str, *, detail: str, version: str = ""
    ) -> None:
        self.events.append(
            ReplayEvent(time=now, kind=kind, title=title, detail=detail, version=version)
        )


def baseline_of(evaluation: Evaluation, *, version: str) -> Baseline:
    """Return the metrics of an evaluation's winner, with which live signals are compared."""
    best = winner(evaluation)
    loss, mae = best.metrics.get("log_loss"), best.metrics.get("mae")
    return Baseline(
        version=version,
        money_per_decision=best.money_per_decision.value,
        log_loss=loss.value if loss else None,
        mae=mae.value if mae else None,
    )


def reload(client: httpx.Client, *, name: str, version: str) -> None:
    """Have the server load the version that the pointer names.

    Raises:
        ServiceError: the server did not load it; the old model goes on serving.
    """
    response = client.post(f"/v2/repository/models/{name}/load")
    if response.status_code != 200:
        raise ServiceError(
            f"the model server did not load version {version}: {response.text[:200]}",
            hint="the version before goes on serving",
        )
