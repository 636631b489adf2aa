"""The documents that a report is made from, and facts that several sections need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mdlc.core.documents.business_case import BusinessCase, GoalState
from mdlc.core.documents.evaluation_result import Contender, Deployment, Evaluation
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.documents.training_result import Selection, Training
from mdlc.core.spec.business import Goal
from mdlc.core.spec.lifecycle import Lifecycle
from mdlc.monitoring.history_entries import serving_entry
from mdlc.state.release_documents import HistoryEntry
from mdlc.state.replay_documents import ReplayRecord
from mdlc.state.watch_documents import Verdict


@dataclass(frozen=True)
class ReportInput:
    """The documents of one lifecycle; None (or an empty list) if a stage has not run yet."""

    name: str
    lifecycle: Lifecycle | None = None
    business: BusinessCase | None = None
    snapshot: Snapshot | None = None
    prepared: Prepared | None = None
    exploration: Exploration | None = None
    selection: Selection | None = None
    training: Training | None = None
    evaluation: Evaluation | None = None
    deployment: Deployment | None = None
    life: ReplayRecord | None = None
    history: Sequence[HistoryEntry] = field(default_factory=list)
    verdicts: Sequence[Verdict] = field(default_factory=list)

    @property
    def currency(self) -> str:
        """The currency's three letters, or "" if no document states one."""
        if self.business:
            return self.business.currency
        if self.lifecycle:
            return self.lifecycle.spec.business.currency
        return self.life.currency if self.life else ""

    @property
    def decisions_per_year(self) -> float | None:
        """Decisions a year, as the file states; None if no document states them."""
        if self.business:
            return self.business.decisions_per_year
        return self.lifecycle.spec.business.decisions_per_year if self.lifecycle else None

    @property
    def priced(self) -> bool:
        """Whether the file says what a decision is worth; without that no money is shown."""
        return self.evaluation.priced if self.evaluation else True

    @property
    def problem(self) -> str:
        """The problem in the owner's words, or ""."""
        if self.business:
            return self.business.problem
        return self.lifecycle.spec.business.problem if self.lifecycle else ""

    @property
    def serving_version(self) -> str:
        """The version that answers now, or "" if none does."""
        if served := serving_entry(self.history):
            return served.version
        if self.deployment is None:
            return ""
        return self.deployment.version if self.deployment.promoted else self.deployment.replaced

    @property
    def warn_drift(self) -> float:
        """Population stability index from which monitoring warns."""
        from mdlc.core.spec.monitor import Drift

        drift = self.lifecycle.spec.monitor.drift if self.lifecycle else Drift()
        return drift.warn

    def contender(self, name: str) -> Contender | None:
        """Return a contender of the test set by its name."""
        contenders = self.evaluation.contenders if self.evaluation else []
        return next((item for item in contenders if item.name == name), None)

    @property
    def winner(self) -> Contender | None:
        """The candidate with the most validation money, with its metrics on the test set."""
        return self.contender(self.evaluation.winner) if self.evaluation else None

    @property
    def judged(self) -> Contender | None:
        """The contender that serves after the evaluation: the winner, or the champion it kept."""
        if self.evaluation and not self.evaluation.promote:
            return self.contender("champion") or self.winner
        return self.winner

    @property
    def goals(self) -> list[GoalState]:
        """The goals; those that the business stage left open are measured on the test set."""
        if self.business:
            stated = self.business.goals
        else:
            spec = self.lifecycle.spec.business.goals if self.lifecycle else []
            stated = [_state(goal) for goal in spec]
        return [goal if goal.met is not None else self._measured(goal) for goal in stated]

    def _measured(self, goal: GoalState) -> GoalState:
        value = goal.value if goal.value is not None else self._value_of(goal.metric)
        if value is None:
            return goal
        sign, bound = goal.bound.split()
        met = value >= float(bound) if sign == ">=" else value <= float(bound)
        return goal.model_copy(update={"value": value, "met": met})

    def _value_of(self, metric: str) -> float | None:
        judged = self.judged
        if judged is None:
            return None
        if metric == "money_per_decision":
            return judged.money_per_decision.value
        if metric == "money_per_year":
            a_year = self.decisions_per_year
            return None if a_year is None else judged.money_per_decision.value * a_year
        found = judged.metrics.get(metric)
        return found.value if found else None


def _state(goal: Goal) -> GoalState:
    least = goal.at_least
    bound = f">= {least:g}" if least is not None else f"<= {goal.at_most:g}"
    return GoalState(metric=goal.metric, bound=bound, by=goal.by)
