"""Follows one pass of the loop: when each step was seen, from the drift to the alerts' end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from mdlc.core.errors import ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.life.releases import current
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.pipelines.local.local_runner import runs
from mdlc.retraining.ledger import Ledger
from mdlc.state.rehearsal_documents import RehearsalStep
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace

TITLES = {
    "drift": "the first row of the changed world",
    "detect": "an alert's condition holds",
    "hold": "it has held for monitor.hold: the alert fires",
    "alert": "Alertmanager has told the trigger, which decided to run",
    "prepare": "the pipeline has collected, tested and explored the data",
    "train": "a challenger is trained",
    "gate": "evaluation let it pass",
    "release": "the pointer has moved",
    "serve": "a client heard the new version",
    "resolve": "the old version's alerts are resolved",
}
FIRING = 'ALERTS{{model="{name}", alertstate="{state}", severity!="info"}}'


@dataclass
class LoopTimeline:
    """Looks at the four programs from outside, as an operator would."""

    lifecycle: Lifecycle
    workspace: Workspace
    prometheus: Prometheus
    before: str
    """The version that served when the rehearsal began."""
    seen: dict[str, datetime] = field(default_factory=dict)
    alerts: set[str] = field(default_factory=set)
    """Names of alerts that fired."""
    details: dict[str, str] = field(default_factory=dict)

    def standing(self, state: str) -> list[dict[str, str]]:
        """Return the labels of alerts in a state; [] while Prometheus is away."""
        query = FIRING.format(name=self.lifecycle.name, state=state)
        try:
            return [dict(labels) for labels, _ in self.prometheus.query(query)]
        except ServiceError:
            return []

    def settled(self) -> bool:
        """Say whether Prometheus has read predictor and trigger, and nothing fires."""
        seen = "mdlc_model_info{{model='{0}'}} and on (model) mdlc_retraining_runs_left"
        try:
            read = self.prometheus.query(seen.format(self.lifecycle.name))
        except ServiceError:
            return False
        return bool(read) and not self.standing("firing")

    def runs(self) -> list[Verdict]:
        """Return the retrainings that the ledger knows."""
        if not (self.workspace.folder / "trigger.db").exists():
            return []
        policy = self.lifecycle.spec.retrain
        ledger = Ledger(self.workspace.ledger, retrain=policy, model=self.workspace.name)
        return [verdict for verdict in ledger.all() if verdict.decision == "run"]

    def look(self, *, heard: dict[str, datetime]) -> bool:
        """Note what has been reached; say whether the loop has closed.

        `heard` maps versions to when a client first got an answer of them.
        """
        firing = self.standing("firing")
        self.alerts |= {labels["alertname"] for labels in firing}
        asking = [labels for labels in firing if labels.get("reason")]
        if asking or [a for a in self.standing("pending") if a.get("reason")]:
            self._note("detect")
        if asking:
            self._note("hold", ", ".join(sorted({labels["alertname"] for labels in asking})))
        ran = self.runs()
        if ran:
            self._note("alert", ", ".join(ran[0].reasons), at=ran[0].time)
        pointer = current(self.workspace)
        if pointer is not None and pointer.version != self.before:
            self._note("release", f"version {pointer.version}", at=pointer.since)
            if pointer.version in heard:
                self._note("serve", at=heard[pointer.version])
        old = [labels for labels in firing if labels.get("version") == self.before]
        if "serve" in self.seen and not old:
            self._note("resolve")
        ended = ran[-1].outcome if ran else ""
        return ended in {"refused", "failed"} or bool(ended and "resolve" in self.seen)

    def steps(self) -> list[RehearsalStep]:
        """Return the steps that were reached, in order, each with its time from the one before."""
        self._note_stages()
        reached = [(name, self.seen[name]) for name in TITLES if name in self.seen]
        steps, last = [], None
        for name, at in reached:
            at = max(at, last) if last else at  # noqa: PLW2901 - clocks of processes, looks apart
            took = (at - last).total_seconds() if last else 0.0
            detail = self.details.get(name, "")
            steps.append(
                RehearsalStep(
                    name=name, title=TITLES[name], seconds=round(took, 2), at=at, detail=detail
                )
            )
            last = at
        return steps

    def _note(self, name: str, detail: str = "", *, at: datetime | None = None) -> None:
        self.seen.setdefault(name, at or datetime.now(UTC))
        self.details.setdefault(name, detail)

    def _note_stages(self) -> None:
        """Split the retraining by its run's record: data, training, evaluation."""
        from datetime import timedelta

        retrainings = [run for run in runs(self.workspace) if run.kind == "retraining"]
        if not retrainings:
            return
        run = retrainings[-1]
        at = run.started
        groups = {
            "prepare": ("business", "collection", "preparation", "exploration", "selection"),
            "train": ("training",),
            "gate": ("evaluation",),
        }
        for name, stages in groups.items():
            if not set(stages) <= run.stages.keys():
                return
            at += timedelta(seconds=sum(run.stages[stage].seconds for stage in stages))
            self._note(name, at=at)
