"""Whatever step a kill -9 hits, the next trigger ends with one version, one line, one verdict."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mdlc.life.releases import require
from mdlc.monitoring.version_history import History
from tests.services import triggered
from tests.services.killing import CHILD, TRIGGER
from tests.services.triggered import Trigger, alert, ledger_of, place_of, restored

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return triggered.train(tmp_path_factory.mktemp("life"))


@pytest.fixture
def file(trained: Path) -> Iterator[Path]:
    with restored(trained):
        yield trained


def settled(file: Path, *, seconds: float = 90) -> None:
    """Wait until a run has ended and none goes on."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        runs = [verdict for verdict in ledger_of(file).all() if verdict.decision == "run"]
        if runs and all(run.outcome for run in runs):
            return
        time.sleep(0.2)
    raise AssertionError(ledger_of(file).all())


def check_one(file: Path) -> None:
    runs = [verdict for verdict in ledger_of(file).all() if verdict.decision == "run"]
    assert [run.outcome for run in runs] == ["promoted"], runs
    pointer = require(place_of(file))
    assert pointer.version == runs[0].version != "1"
    entries = History(place_of(file).history).entries()
    assert [entry.version for entry in entries] == ["1", pointer.version]


def post(trigger: Trigger) -> int:
    with trigger.client() as client:
        return client.post("/v1/alerts", json=alert()).status_code


@pytest.mark.parametrize("step", [*TRIGGER, *CHILD])
def test_a_kill_at_any_step_leads_to_one_promotion(file: Path, step: str) -> None:
    with Trigger(file, kill=step) as first:
        with contextlib.suppress(httpx.HTTPError):
            post(first)
        assert first.died() == -9
    with Trigger(file) as second:
        # Alertmanager repeats what was not answered, and later what still fires.
        assert post(second) == 200
        settled(file)
        assert post(second) == 200
        time.sleep(1)
        assert second.stop() == 0
    check_one(file)


def test_a_second_replica_takes_over(file: Path) -> None:
    with Trigger(file, kill="mid-pipeline") as first, Trigger(file) as second:
        with contextlib.suppress(httpx.HTTPError):
            post(first)
        assert first.died() == -9
        settled(file)
        assert second.stop() == 0
    check_one(file)


def test_two_replicas_and_a_hundred_repeats_are_one_run(file: Path) -> None:
    with Trigger(file) as first, Trigger(file) as second:
        codes = [post((first, second)[number % 2]) for number in range(100)]
        assert set(codes) == {200}
        settled(file)
        assert [first.stop(), second.stop()] == [0, 0]
    check_one(file)


def test_a_run_whose_process_is_killed_is_tried_again(file: Path) -> None:
    with Trigger(file, kill="child-once") as trigger:
        assert post(trigger) == 200
        assert "ended by signal 9" in trigger.wait_for("attempt_failed")["error"]
        assert trigger.wait_for("run_ended")["attempts"] == 2
    check_one(file)


def test_a_graceful_end_lets_go_and_costs_no_attempt(file: Path) -> None:
    with Trigger(file) as first:
        assert post(first) == 200
        first.wait_for("run_started")
        time.sleep(2)
        began = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - began < 10
    (run,) = [verdict for verdict in ledger_of(file).all() if verdict.decision == "run"]
    assert (run.outcome, run.owner, run.lease, run.evidence["stops"]) == ("", "", None, 1)
    assert not place_of(file).busy
    with Trigger(file) as second:
        second.wait_for("run_ended")
    check_one(file)
