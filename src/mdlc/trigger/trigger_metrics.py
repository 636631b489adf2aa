"""The trigger's metrics, computed from ledger and history at each scrape: a restart keeps them.

If the ledger does not answer there is no page: the trigger cannot decide then, and a scrape that
fails says so (TriggerDown). Only the requests are counted in this process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mdlc.life.release_record import history_of
from mdlc.retraining.ledger import REPEATS
from mdlc.state.release_documents import HistoryEntry
from mdlc.state.watch_documents import Verdict
from mdlc.trigger.lifecycle_entry import LifecycleEntry

Family = CounterMetricFamily | GaugeMetricFamily
Families = dict[str, Family]
OUTCOMES = ("promoted", "canary", "refused", "failed")
ENTRIES = {
    "promotion": ("mdlc_promotions", "Versions that began to serve, the first included."),
    "rollback": ("mdlc_rollbacks", "Times that a version of the past was made to serve again."),
    "canary_rollback": ("mdlc_canary_rollbacks", "Canaries that were dropped."),
}


class FromLedger(Collector):
    """Yields what ledger and history of the lifecycles say."""

    def __init__(self, lives: Callable[[], Mapping[str, LifecycleEntry]]) -> None:
        self._lives = lives

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not ask the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all families.

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
    """Return all families, without values."""
    counters: list[Family] = [
        CounterMetricFamily(
            "mdlc_trigger_decisions",
            "Decisions; the same one again on the same day counts too.",
            labels=["model", "decision", "rule"],
        ),
        CounterMetricFamily("mdlc_retrainings", "Runs that ended.", labels=["model", "outcome"]),
        CounterMetricFamily("mdlc_retraining_attempts", "Starts of runs.", labels=["model"]),
        *(CounterMetricFamily(name, text, labels=["model"]) for name, text in ENTRIES.values()),
    ]
    gauges: list[Family] = [
        GaugeMetricFamily(name, text, labels=["model", *labels])
        for name, text, *labels in (
            ("mdlc_retraining_running", "1 while a run goes on."),
            ("mdlc_retraining_failures_in_a_row", "Newest runs that failed."),
            ("mdlc_retraining_runs_left", "Of max_per_month, this month."),
            ("mdlc_retraining_money_left", "Of money_per_month, this month.", "currency"),
            ("mdlc_retraining_seconds", "From decision to end of the newest run that ended."),
            (
                "mdlc_retraining_last_timestamp_seconds",
                "End of the newest run that ended.",
                "outcome",
                "version",
            ),
            (
                "mdlc_trigger_last_decision_timestamp_seconds",
                "The newest decision.",
                "decision",
                "rule",
                "reasons",
            ),
        )
    ]
    return {family.name: family for family in (*counters, *gauges)}


def _decisions(found: Families, model: str, verdicts: Sequence[Verdict]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in verdicts:
        counts[verdict.decision, verdict.rule] += 1 + verdict.evidence.get(REPEATS, 0)
    for (decision, rule), count in sorted(counts.items()):
        found["mdlc_trigger_decisions"].add_metric([model, decision, rule], count)
    if verdicts:
        last = verdicts[-1]
        found["mdlc_trigger_last_decision_timestamp_seconds"].add_metric(
            [model, last.decision, last.rule, ",".join(last.reasons)], last.time.timestamp()
        )


def _runs(found: Families, model: str, runs: Sequence[Verdict]) -> None:
    ended = [run for run in runs if run.outcome]
    outcomes = Counter(run.outcome for run in ended)
    for outcome in OUTCOMES:
        found["mdlc_retrainings"].add_metric([model, outcome], outcomes[outcome])
    found["mdlc_retraining_attempts"].add_metric([model], sum(run.attempts for run in runs))
    found["mdlc_retraining_running"].add_metric([model], len(runs) - len(ended))
    failures = 0
    while failures < len(ended) and ended[-1 - failures].outcome == "failed":
        failures += 1
    found["mdlc_retraining_failures_in_a_row"].add_metric([model], failures)
    last = ended[-1] if ended else None
    if last and last.finished:
        found["mdlc_retraining_seconds"].add_metric(
            [model], (last.finished - last.time).total_seconds()
        )
        found["mdlc_retraining_last_timestamp_seconds"].add_metric(
            [model, last.outcome, last.version], last.finished.timestamp()
        )


def _left(found: Families, watched: LifecycleEntry) -> None:
    """Add what the month's budget leaves, as policy.rule counts it."""
    spec = watched.lifecycle.spec
    left = watched.ledger.left(watched.clock())
    found["mdlc_retraining_runs_left"].add_metric([watched.name], left.runs)
    if left.money is not None:
        found["mdlc_retraining_money_left"].add_metric(
            [watched.name, spec.business.currency], left.money
        )


def _history(found: Families, model: str, entries: Sequence[HistoryEntry]) -> None:
    kinds: Counter[str] = Counter(entry.kind for entry in entries)
    for kind, (name, _) in ENTRIES.items():
        found[name].add_metric([model], kinds[kind])
