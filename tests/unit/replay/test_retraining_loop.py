"""What a replay does with a day's scrape: alerts, a canary's judgement, a retraining; all told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import MdlcError, ServiceError
from mdlc.core.spec import load
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Monitor
from mdlc.life.progress import SilentProgress
from mdlc.life.releases import require
from mdlc.life.retraining_request import RetrainingOutcome
from mdlc.monitoring.fake_predictor import MODEL, FakePredictor
from mdlc.monitoring.watch import Watch
from mdlc.replay import retraining_loop
from mdlc.replay.retraining_loop import RetrainingLoop, baseline_of, reload
from mdlc.state.replay_documents import ReplayEvent
from mdlc.state.watch_documents import Baseline, Verdict
from mdlc.state.workspace import Workspace
from tests import tiny
from tests.unit.life.test_releases import World, at
from tests.unit.replay.streams import FakeServer, stream_of

DAY = timedelta(days=1)
EVEN, MOVED = {"0": 100.0, "1": 100.0}, {"0": 199.0, "1": 1.0}


@dataclass
class Asked:
    """Stands for `retrain`: says what the ledger and the pipeline led to, and counts."""

    world: World
    outcome: str = "canary"
    times: int = 0

    def __call__(self, *_: Any, request: Any, **__: Any) -> RetrainingOutcome:
        self.times += 1
        decided: dict[str, Any] = {"id": f"m-{self.times}", "time": request.time, "evidence": {}}
        decided |= {"reasons": ["money"], "decision": "run", "why": "ok", "detail": "it earns more"}
        if self.outcome == "failed":
            raise MdlcError("no labels")
        if self.outcome == "defer":
            waits = {**decided, "decision": "defer", "why": "one at a time"}
            return RetrainingOutcome(Verdict.model_validate(waits))
        version = "" if self.outcome == "refused" else "2"
        ended = Verdict.model_validate({**decided, "outcome": self.outcome, "version": version})
        if not version:
            return RetrainingOutcome(ended)
        evaluation = self.world.made(version)[1]
        begin = self.world.canary if self.outcome == "canary" else self.world.release
        hour = round((request.time - at(0)).total_seconds() / 3600)
        return RetrainingOutcome(ended, evaluation, begin(version, hour))


class Days:
    """A replay's loop over a hand-made server, a day at a time; version 1 serves."""

    def __init__(self, folder: Path, patched: pytest.MonkeyPatch, *, outcome: str) -> None:
        self.world = World(folder)
        self.world.workspace = Workspace(MODEL, folder / ".mdlc", folder)
        self.world.release("1")
        self.predictor, self.server = FakePredictor(), FakeServer()
        self.predictor.train({"0": 5000, "1": 5000})
        self.asked = Asked(self.world, outcome)
        self.reasons: list[str] = []
        patched.setattr(retraining_loop, "retrain", self.asked)
        patched.setattr(retraining_loop, "reasons", lambda _: self.reasons)
        made = load(tiny.write_file(folder))
        deploy = made.spec.deploy.model_copy(update={"canary": Canary(min_predictions=100)})
        runner: Any = None
        self.loop = RetrainingLoop(
            made.model_copy(update={"spec": made.spec.model_copy(update={"deploy": deploy})}),
            self.world.workspace,
            runner,
            SilentProgress(),
            self.server.client,
            stream_of(3),
            Watch(Monitor(), model=MODEL, folder=folder / "watch", identifiers=(), keep=99 * DAY),
            Baseline(version="1", money_per_decision=1.5, log_loss=None, mae=None),
        )
        self.today = -1
        self.live()

    @property
    def now(self) -> datetime:
        return at(0) + self.today * DAY

    def live(self, *reasons: str) -> None:
        """Tick at the end of a day in which the predictor counted what a test made it count."""
        self.today += 1
        self.reasons = list(reasons)
        self.server.metrics = self.predictor.show()
        self.loop.tick(self.now)

    def begin_canary(self) -> None:
        self.live("money")
        self.predictor.train({"0": 5000, "1": 5000}, version="2")
        self.predictor.add("mdlc_version_failures_total", 0, of={"version": "2"})

    def events(self) -> list[ReplayEvent]:
        """Return what happened but for alerts: two hours of a hand-made server are little data."""
        return [event for event in self.loop.events if event.kind not in {"alert", "resolved"}]

    def told(self) -> list[tuple[str, str, str]]:
        return [(event.kind, event.title, event.version) for event in self.events()]

    def loads(self) -> int:
        return sum(path.endswith("load") for path, _, _ in self.server.requests)


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(tmp_path, monkeypatch, outcome="canary")


BEGAN = [
    ("retraining", "retraining: money", ""),
    ("canary", "version 2 on trial, with 20% of the predictions", "2"),
]


def test_a_canary_begins_beside_the_champion_which_is_watched_on(days: Days) -> None:
    days.begin_canary()
    assert days.told() == BEGAN
    assert (days.loop.baseline.version, days.loads()) == ("1", 1)
    assert days.loop.trial is not None
    assert (days.loop.trial.version, days.loop.trial.money_per_decision) == ("2", 2.5)


def test_a_good_canary_is_promoted_told_loaded_and_watched(days: Days) -> None:
    days.begin_canary()
    for version in ("1", "2"):
        days.predictor.predict(EVEN, version=version)
    days.live("money")
    assert days.told()[2:] == [("promotion", "version 2 promoted", "2")]
    assert "it answered 200 predictions as it should" in days.events()[-1].detail
    assert (days.loop.baseline.version, days.loop.baseline.money_per_decision) == ("2", 2.5)
    assert (days.loop.trial, days.loads()) == (None, 2)
    assert days.world.told()[-1] == ("promotion", "2", "1")
    assert require(days.world.workspace).since == days.now, "by the replay's clock"
    assert days.asked.times == 1, "that day's alerts were about the version that was replaced"


@pytest.mark.parametrize("fault", ["failures", "drift"])
def test_a_bad_canary_is_dropped_and_the_champion_goes_on(days: Days, fault: str) -> None:
    days.begin_canary()
    days.predictor.predict(EVEN)
    if fault == "failures":
        days.predictor.add("mdlc_version_failures_total", 50, of={"version": "2"})
    else:
        days.predictor.predict(MOVED, version="2")
    days.asked.outcome = "defer"
    days.live("money")
    assert days.told()[2] == ("canary_rollback", "version 2 dropped", "2")
    said = "predictions failed" if fault == "failures" else "an index of"
    assert said in days.events()[2].detail
    assert (days.loop.baseline.version, days.loop.trial, days.loads()) == ("1", None, 2)
    assert days.world.told()[-1] == ("canary_rollback", "1", "2")
    assert days.asked.times == 2, "the champion's alerts stand: they are asked about at once"


def test_what_was_counted_before_the_canary_began_does_not_judge_it(days: Days) -> None:
    """The counters of a version may be older: it was on trial before."""
    days.predictor.train({"0": 5000, "1": 5000}, version="2")
    days.predictor.add("mdlc_version_failures_total", 500, of={"version": "2"})
    days.begin_canary()
    days.live()
    assert days.told() == BEGAN
    assert days.loop.waits == "it has answered 0 of 100 predictions"


def test_an_undecided_canary_waits_and_that_it_defers_others_is_told_once(days: Days) -> None:
    days.begin_canary()
    days.asked.outcome = "defer"
    for _ in range(3):
        days.predictor.predict({"0": 5.0, "1": 5.0}, version="2")
        days.live("money")
    assert days.told() == [*BEGAN, ("trigger", "retraining deferred", "")]
    assert days.loop.waits == "it has answered 30 of 100 predictions"


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("promoted", ("promotion", "version 2 promoted", "2")),
        ("refused", ("refusal", "challenger refused", "")),
        ("failed", ("failure", "retraining failed", "")),
    ],
)
def test_what_a_retraining_led_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, told: tuple[str, str, str]
) -> None:
    days = Days(tmp_path, monkeypatch, outcome=outcome)
    days.live("money")
    assert days.told()[-1] == told
    serves = "2" if outcome == "promoted" else "1"
    assert (days.loop.baseline.version, days.loop.trial) == (serves, None)
    assert days.loop.retrainings == (outcome != "failed")


def test_without_a_reason_nothing_is_asked(days: Days) -> None:
    days.live()
    assert (days.asked.times, days.told()) == (0, [])


def test_a_version_that_does_not_load_ends_the_replay(days: Days) -> None:
    days.server.fails = lambda path: path.endswith("load")
    with pytest.raises(ServiceError, match="did not load version 2"):
        reload(days.server.client, name=MODEL, version="2")


def test_a_baseline_is_what_the_winner_promised(days: Days) -> None:
    _, evaluation = days.world.made("7")
    found = baseline_of(evaluation, version="7")
    assert (found.version, found.money_per_decision, found.log_loss) == ("7", 7.5, None)


def test_an_alert_is_told_when_it_begins_and_when_it_ends(days: Days) -> None:
    for _ in range(3):
        days.live()
    alerts = [event for event in days.loop.events if event.kind == "alert"]
    assert {event.title for event in alerts} == {"NotEnoughData"}
    assert len(alerts) == len(days.loop.firing), "each once, though it stood for days"
