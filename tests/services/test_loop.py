"""The loop closes by itself, with real Prometheus, Alertmanager, predictor and trigger.

And it does so although Prometheus was away, the trigger was killed, or the retraining failed twice;
without drift, and without labels, nothing is retrained.
"""

from __future__ import annotations

import time

import pytest

from tests.services import scene
from tests.services.prometheus import program
from tests.services.scene import World, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.services,
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    program("prometheus")
    program("prometheus-alertmanager")
    return scene.make_world(tmp_path_factory.mktemp("loop"))


def test_the_loop_closes_once_and_no_request_fails(world: World):
    with scene.performed(world, name="closes") as it:
        assert it.stand_still() == set(), "fired while nothing had drifted"
        assert it.watching.runs() == []
        it.drift()
        (run,) = it.closes(seconds=90)
        assert run.outcome == "promoted", run.detail
        assert it.history() == ["1", "2"]
        steps = [step.name for step in it.watching.steps()]
        assert (steps[0], steps[-1]) == ("drift", "resolve")
        assert it.traffic.counts.failed == []
        assert {"1", "2"} <= it.traffic.counts.first_answer.keys()


def test_prometheus_away_for_a_while_delays_and_loses_nothing(world: World):
    with scene.performed(world, name="away") as it:
        it.stand_still()
        it.drift()
        time.sleep(1)
        it.programs.prometheus.kill()
        time.sleep(5)
        assert it.watching.runs() == []
        it.programs.prometheus.start()
        (run,) = it.closes(seconds=90)
        assert run.outcome == "promoted", run.detail
        assert it.traffic.counts.failed == []


def test_a_trigger_killed_in_the_middle_ends_with_one_promotion(world: World):
    with scene.performed(world, name="killed") as it:
        it.stand_still()
        it.drift()
        until(lambda: any(run.attempts for run in it.watching.runs()), seconds=60)
        it.programs.trigger.kill()
        time.sleep(2)
        it.programs.trigger.start()
        (run,) = it.closes(seconds=180)
        assert run.outcome == "promoted", run.detail
        assert run.attempts == 2
        assert it.history() == ["1", "2"]
        assert it.traffic.counts.failed == []


def test_a_retraining_that_fails_twice_is_tried_a_third_time(world: World):
    with scene.performed(world, name="twice") as it:
        it.stand_still()
        it.drift()
        it.kill_child(after=it.kill_child())
        (run,) = it.closes(seconds=240)
        assert run.outcome == "promoted", run.detail
        assert run.attempts == 3
        assert it.traffic.counts.failed == []


def test_labels_that_stop_are_told_and_start_nothing(world: World):
    with scene.performed(world, name="silent") as it:
        it.stand_still()
        it.traffic.labels_after = None

        def told() -> bool:
            return "FeedbackMissing" in {
                labels["alertname"] for labels in it.watching.standing("firing")
            }

        until(told, seconds=60)
        assert it.watching.runs() == []
        assert it.history() == ["1"]
        assert it.traffic.counts.failed == []
