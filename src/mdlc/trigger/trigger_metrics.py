"""The trigger's metrics, computed from ledger and history at each scrape.

So a restart loses no counts; only the requests are counted in this process. If the ledger does not
answer, the scrape fails: the trigger cannot decide anything then, and the alert TriggerDown fires.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mdlc.life.release_record import history_of
from mdlc.retraining.ledger import REPEATS
from mdlc.services import metric_families as metrics
from mdlc.state.release_documents import HistoryEntry
from mdlc.state.watch_documents import Verdict
from mdlc.trigger.lifecycle_entry import LifecycleEntry

Family = CounterMetricFamily | GaugeMetricFamily
Families = dict[metrics.MetricFamily, Family]
OUTCOMES = ("promoted", "canary", "refused", "failed")
ENTRIES = {
    "promotion": metrics.PROMOTIONS,
    "rollback": metrics.ROLLBACKS,
    "canary_rollback": metrics.CANARY_ROLLBACKS,
}
"""Kind of a history entry -> the metric that counts it."""


class FromLedger(Collector):
    """Collects the metrics of all lifecycles from their ledgers and histories."""

    def __init__(self, lives: Callable[[], Mapping[str, LifecycleEntry]]) -> None:
        self._lives = lives

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering the collector does not ask the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metric families.

        Raises:
            ServiceError: a ledger does not answer.
            ArtifactError: a history was altered.
        """
        found = families()
        for watched in self._lives().values():
            verdicts = watched.ledger.all()
            runs = [verdict for verdict in verdicts if verdict.decision == "run"]
            _decisions(found, watched.name, verdicts)
            _runs(found, watched.name, runs)
            _left(found, watched)
            _history(found, watched.name, history_of(watched.workspace).entries())
        yield from found.values()


def families() -> Families:
    """Return all metric families except that of requests, without values."""
    found: Families = {}
    for of in metrics.TRIGGER:
        if of is metrics.TRIGGER_REQUESTS:
            continue
        made = CounterMetricFamily if isinstance(of, metrics.CounterFamily) else GaugeMetricFamily
        found[of] = made(of.name, of.help, labels=of.labels)
    return found


def _decisions(found: Families, model: str, verdicts: Sequence[Verdict]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in verdicts:
        counts[verdict.decision, verdict.rule] += 1 + verdict.evidence.get(REPEATS, 0)
    for (decision, rule), count in sorted(counts.items()):
        found[metrics.TRIGGER_DECISIONS].add_metric([model, decision, rule], count)
    if verdicts:
        last = verdicts[-1]
        found[metrics.TRIGGER_LAST_DECISION_TIMESTAMP_SECONDS].add_metric(
            [model, last.decision, last.rule, ",".join(last.reasons)], last.time.timestamp()
        )


def _runs(found: Families, model: str, runs: Sequence[Verdict]) -> None:
    ended = [run for run in runs if run.outcome]
    outcomes = Counter(run.outcome for run in ended)
    for outcome in OUTCOMES:
        found[metrics.RETRAININGS].add_metric([model, outcome], outcomes[outcome])
    found[metrics.RETRAINING_ATTEMPTS].add_metric([model], sum(run.attempts for run in runs))
    found[metrics.RETRAINING_RUNNING].add_metric([model], len(runs) - len(ended))
    failures = 0
    while failures < len(ended) and ended[-1 - failures].outcome == "failed":
        failures += 1
    found[metrics.RETRAINING_FAILURES_IN_A_ROW].add_metric([model], failures)
    last = ended[-1] if ended else None
    if last and last.finished:
        found[metrics.RETRAINING_SECONDS].add_metric(
            [model], (last.finished - last.time).total_seconds()
        )
        found[metrics.RETRAINING_LAST_TIMESTAMP_SECONDS].add_metric(
            [model, last.outcome, last.version], last.finished.timestamp()
        )


def _left(found: Families, watched: LifecycleEntry) -> None:
    """Add what is left of the month's budget, counted as `policy.rule_on` counts it."""
    spec = watched.lifecycle.spec
    left = watched.ledger.left(watched.clock())
    found[metrics.RETRAINING_RUNS_LEFT].add_metric([watched.name], left.runs)
    if left.money is not None:
        found[metrics.RETRAINING_MONEY_LEFT].add_metric(
            [watched.name, spec.business.currency], left.money
        )


def _history(found: Families, model: str, entries: Sequence[HistoryEntry]) -> None:
    kinds: Counter[str] = Counter(entry.kind for entry in entries)
    for kind, of in ENTRIES.items():
        found[of].add_metric([model], kinds[kind])
