"""The loop of one replay: look at the metrics each day, ask for a retraining, promote."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import httpx

from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.errors import MdlcError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.life.progress import Progress
from mdlc.life.releases import winner
from mdlc.life.retraining_request import RetrainingOutcome, RetrainingRequest, retrain
from mdlc.monitoring.alert_states import reasons
from mdlc.monitoring.watch import Watch
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.replay.row_stream import RowStream
from mdlc.retraining.ledger import Ledger
from mdlc.state.replay_documents import ReplayEvent
from mdlc.state.watch_documents import Baseline, Observation
from mdlc.state.workspace import Workspace


@dataclass
class RetrainingLoop:
    """What one replay keeps while it runs."""

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
    answered: tuple[str, ...] = ()
    """The trigger's last decision and its reasons: the same again tomorrow is no news."""

    def tick(self, now: datetime) -> None:
        """Scrape, look, and ask for a retraining where an alert says so."""
        exposition = self.client.get("/metrics")
        exposition.raise_for_status()
        seen = self.watch.observe(now, exposition.text, baseline=self.baseline)
        self.observations.append(seen)
        self._note_alerts(seen)
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

    def schedule_due(self, now: datetime) -> bool:
        """Say whether spec.retrain.every has passed since the last run, or since the beginning."""
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
            return
        self.baseline = baseline_of(made.evaluation, version=made.pointer.version)
        reload(self.client, name=self.workspace.name, version=made.pointer.version)
        title = f"version {made.pointer.version} promoted"
        self._event(now, "promotion", title, detail=verdict.detail, version=made.pointer.version)

    def _event(
        self, now: datetime, kind: str, title: str, *, detail: str, version: str = ""
    ) -> None:
        fields = {"time": now, "kind": kind, "title": title, "detail": detail, "version": version}
        self.events.append(ReplayEvent.model_validate(fields))


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
