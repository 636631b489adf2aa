"""Two triggers, killed at any time, on a clock that steps: one run at a time, and one end each."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mdlc.core.files import write_document
from mdlc.life import retraining_request
from mdlc.retraining.standing_alerts import StandingAlert
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.trigger import pending_reasons
from mdlc.trigger.backends import RunReport
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower
from tests import tiny

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = "max_per_month: 3\n    cooldown: 30m\n    attempts: 2\n    when: [money, skill]"
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("look"), st.integers(0, 1)),
        st.tuples(st.just("look"), st.integers(0, 1)),
        st.tuples(st.just("alert"), st.sampled_from(["money", "skill"])),
        st.tuples(st.just("resolve"), st.sampled_from(["money", "skill"])),
        st.tuples(st.just("kill"), st.integers(0, 1)),
        st.tuples(st.just("stop"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
        st.tuples(st.just("clock"), st.integers(-120, 120)),
        st.tuples(st.just("work"), st.sampled_from(["promoted", "refused", "failed", "passing"])),
    ),
    min_size=5,
    max_size=60,
)


@dataclass
class World:
    """What is outside the triggers: the time, and the runs' processes with what they released."""

    now: datetime = NOW
    started: dict[str, int] = field(default_factory=dict)
    """Run -> the replica whose child works on it."""
    reports: dict[tuple[int, str], RunReport] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)
    """Run -> version; a second attempt finds the first one's."""


class Fake:
    """The children of one replica: they die with it."""

    def __init__(self, world: World, replica: int) -> None:
        self.world, self.replica = world, replica

    def start(self, verdict: Verdict) -> str:
        self.world.started[verdict.id] = self.replica
        return ""

    def poll(self, verdict: Verdict) -> RunReport | None:
        return self.world.reports.pop((self.replica, verdict.id), None)

    def kept(self, verdict: Verdict) -> bool:
        return verdict.id in self.world.released

    def leave(self, verdict: Verdict) -> None:
        if self.world.started.get(verdict.id) == self.replica:
            del self.world.started[verdict.id]

    cancel = leave


def work(world: World, how: str) -> None:
    """Let each child end: a release comes before its report, which a kill may lose."""
    for run, replica in list(world.started.items()):
        del world.started[run]
        if how == "promoted" or run in world.released:
            version = world.released.setdefault(run, str(len(world.released) + 2))
            report = RunReport(outcome="promoted", detail="", version=version)
        elif how == "refused":
            report = RunReport(outcome="refused", detail="")
        else:
            report = RunReport(outcome="failed", detail="", transient=how == "passing")
        world.reports[replica, run] = report


class Replicas:
    """Two triggers over one lifecycle."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.file = tiny.write_file(folder, ("max_per_month: 0", POLICY))
        self.numbers = itertools.count()
        self.watched = LifecycleEntry(self.file, home=folder, clock=lambda: self.world.now)
        serving = {"name": "tiny", "version": "1", "bundle": "b", "digest": "d", "since": NOW}
        write_document(self.watched.workspace.pointer, Pointer.model_validate(serving))
        self.followers = [self.follower(0), self.follower(1)]

    def follower(self, replica: int) -> RunFollower:
        watched = LifecycleEntry(self.file, home=self.file.parent, clock=lambda: self.world.now)
        terms = FollowTerms(f"replica {replica}, process {next(self.numbers)}", 1.0)
        backend = Fake(self.world, replica)
        lives = [(watched, backend)]
        return RunFollower(lambda: lives, terms=terms, requests=RequestCounter(CollectorRegistry()))

    def die(self, replica: int) -> None:
        self.world.started = {k: v for k, v in self.world.started.items() if v != replica}
        self.world.reports = {k: v for k, v in self.world.reports.items() if k[0] != replica}
        self.followers[replica] = self.follower(replica)

    def happen(self, kind: str, what: Any) -> None:
        if kind == "look":
            self.followers[what].look()
        elif kind in {"alert", "resolve"}:
            standing = StandingAlert(fingerprint=what, name=what, reason=what)
            self.watched.ledger.receive(
                time=self.world.now,
                firing=[standing] if kind == "alert" else [],
                resolved=[what] if kind == "resolve" else [],
            )
        elif kind == "stop":
            self.followers[what].release_lease()
            self.die(what)
        elif kind == "kill":
            self.die(what)
        elif kind in {"wait", "clock"}:
            self.world.now += timedelta(minutes=what)
        else:
            work(self.world, what)

    def settle(self) -> None:
        """Let one replica live on, its clock right again, until nothing runs."""
        self.die(1)
        for _ in range(20):
            self.world.now += timedelta(hours=3)
            self.followers[0].look()
            work(self.world, "promoted")
            self.followers[0].look()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=EVENTS)
def test_each_run_ends_once_and_nothing_is_released_twice(events: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        for module in (retraining_request, pending_reasons):
            patched.setattr(
                module, "labels_of", lambda *_, **__: retraining_request.LabelStock(NOW, 500)
            )
        replicas = Replicas(Path(folder))
        for kind, what in events:
            replicas.happen(kind, what)
            assert len(running(replicas)) <= 1
        replicas.settle()
        check(replicas)


def running(replicas: Replicas) -> list[Verdict]:
    verdicts = replicas.watched.ledger.all()
    return [v for v in verdicts if v.decision == "run" and not v.outcome]


def check(replicas: Replicas) -> None:
    runs = [v for v in replicas.watched.ledger.all() if v.decision == "run"]
    assert all(run.outcome for run in runs), runs
    for run in runs:
        assert run.finished is not None
        assert run.finished >= run.time
        assert replicas.world.released.get(run.id, "") == run.version
        if run.outcome != "promoted":
            assert run.attempts - run.evidence.get("stops", 0) <= 2
    for before, after in itertools.pairwise(runs):
        assert before.finished is not None
        assert after.time >= before.finished + timedelta(minutes=30)
    months = [(run.time.year, run.time.month) for run in runs]
    assert all(months.count(month) <= 3 for month in months)
