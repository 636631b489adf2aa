"""Whatever happens in whatever order, the ledger keeps to its policy."""

from __future__ import annotations

import itertools
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mdlc.core.spec.retrain import Retrain
from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.retraining.ledger import Ledger

REASONS = st.lists(
    st.sampled_from(["skill", "money", "calibration", "drift", "schedule", "manual"]), max_size=3
)
ASK = st.tuples(st.just("ask"), REASONS, st.integers(0, 2000))
END = st.tuples(st.just("end"), st.sampled_from(["promoted", "refused", "failed"]), st.just(0))
STALE = st.tuples(st.just("stale"), st.just(""), st.just(0))
EVENTS = st.lists(
    st.tuples(st.integers(0, 240), st.one_of(ASK, ASK, END, STALE)), min_size=1, max_size=25
)
POLICIES = st.builds(
    Retrain,
    when=st.sampled_from([["skill"], ["skill", "money", "drift"], []]),
    cooldown=st.integers(0, 20).map(lambda days: days * DAY),
    max_per_month=st.integers(0, 3),
    cost_per_run=st.sampled_from([0.0, 10.0]),
    money_per_month=st.sampled_from([None, 15.0, 25.0]),
    min_new_labels=st.integers(1, 1500),
)


def play(ledger: Ledger, events: list[tuple[int, tuple[str, list[str] | str, int]]]) -> int:
    """Let the events happen, some hours apart; return how many wishes there were."""
    time, asked = START, 0
    for hours, (kind, what, labels) in events:
        time += timedelta(hours=hours)
        if kind == "ask":
            ledger.decide(time=time, reasons=list(what), evidence={}, new_labels=labels)
            asked += 1
        elif kind == "stale":
            ledger.abandon_stale(time, 10 * DAY)
        else:
            for verdict in ledger.all():
                if verdict.decision == "run" and not verdict.outcome:
                    ledger.finish(verdict.id, time=time, outcome=what, detail="")  # type: ignore[arg-type]
    return asked


def month(time: datetime) -> tuple[int, int]:
    return time.year, time.month


@settings(max_examples=60, deadline=None)
@given(policy=POLICIES, events=EVENTS)
def test_the_policy_holds(
    policy: Retrain, events: list[tuple[int, tuple[str, list[str] | str, int]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(f"sqlite:///{Path(folder) / 'l.sqlite'}", retrain=policy, model="m")
        asked = play(ledger, events)
        verdicts = ledger.all()
    runs = [verdict for verdict in verdicts if verdict.decision == "run"]
    for before, after in itertools.pairwise(runs):
        assert before.finished is not None, "two runs at once"
        assert before.finished <= after.time
        if "manual" not in after.reasons:
            assert after.time >= before.finished + policy.cooldown
    for run in runs:
        assert set(run.reasons) <= {"manual", *policy.when}
        started = [other for other in runs if month(other.time) == month(run.time)]
        assert len(started) <= policy.max_per_month
        if policy.money_per_month is not None:
            assert len(started) * policy.cost_per_run <= policy.money_per_month
    # Every wish is in the ledger, as a row or as the repeat of one.
    assert sum(1 + verdict.evidence["repeats"] for verdict in verdicts) == asked
    assert all(verdict.why for verdict in verdicts)


@settings(max_examples=4, deadline=None)
@given(minutes=st.lists(st.integers(0, 120), min_size=100, max_size=100))
def test_an_alert_that_repeats_a_hundred_times_starts_one_run(minutes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'l.sqlite'}"
        ledger = Ledger(url, retrain=Retrain(), model="m")
        play(ledger, [(0, ("ask", ["skill"], 5000))] * 2)
        time = START
        for minute in minutes:
            time += timedelta(minutes=minute)
            ledger.decide(time=time, reasons=["skill"], evidence={}, new_labels=5000)
        runs = [verdict for verdict in ledger.all() if verdict.decision == "run"]
    assert len(runs) == 1
