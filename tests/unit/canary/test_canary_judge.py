"""One look at a canary acts on what is known, and waits where nothing is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mdlc.canary.canary_judge import by_prometheus, judge_lifecycle_canary
from mdlc.canary.canary_verdict import VersionCounts
from mdlc.cli.main import app
from mdlc.core.errors import ServiceError
from mdlc.core.spec import Lifecycle, load
from mdlc.core.spec.deploy import Canary
from mdlc.life.local_status import status_of
from mdlc.life.releases import current
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.state.workspace import workspace_of
from tests import tiny
from tests.unit.life.test_releases import World, at

GOOD = VersionCounts(predictions=300, scorings=300, scoring_seconds=0.3)
RUNNER = CliRunner(env={"COLUMNS": "200", "MDLC_HOME": None})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tiny.write_rows(tmp_path / "rows.csv", days=2, rows_a_day=5)
    return tiny.write_file(tmp_path)


@pytest.fixture
def lifecycle(file: Path) -> Lifecycle:
    made = load(file)
    deploy = made.spec.deploy.model_copy(update={"canary": Canary(hold="1h")})
    return made.model_copy(update={"spec": made.spec.model_copy(update={"deploy": deploy})})


@pytest.fixture
def world(tmp_path: Path, file: Path, lifecycle: Lifecycle) -> World:
    world = World(tmp_path)
    world.workspace = workspace_of(lifecycle, file=file)
    world.release("1")
    world.canary("2", hour=1)
    return world


class Counting:
    """Says what versions counted, and remembers over which spans it was asked."""

    def __init__(self, **versions: VersionCounts) -> None:
        self._versions = {name.removeprefix("v"): counts for name, counts in versions.items()}
        self.spans: list[timedelta] = []

    def __call__(self, elapsed: timedelta) -> Mapping[str, VersionCounts]:
        self.spans.append(elapsed)
        return self._versions


def test_a_good_canary_is_promoted_at_the_end_of_its_trial(
    world: World, lifecycle: Lifecycle
) -> None:
    counts = Counting(v1=GOOD, v2=GOOD)
    early = judge_lifecycle_canary(
        world.workspace, lifecycle, counts=counts, now=at(1) + timedelta(minutes=59)
    )
    assert (early.action, early.version) == ("wait", "2")
    done = judge_lifecycle_canary(world.workspace, lifecycle, counts=counts, now=at(2))
    assert (done.action, done.version) == ("promote", "2")
    pointer = current(world.workspace)
    assert pointer is not None
    assert (pointer.version, pointer.since, pointer.canary) == ("2", at(2), None)
    assert world.told()[-1] == ("promotion", "2", "1")
    assert world.entries()[-1].why == done.why
    assert counts.spans == [timedelta(minutes=59), timedelta(hours=1)]
    after = judge_lifecycle_canary(world.workspace, lifecycle, counts=counts, now=at(3))
    assert (after.action, after.why) == ("wait", "no canary stands")


def test_a_bad_canary_is_dropped_at_once(world: World, lifecycle: Lifecycle) -> None:
    counts = Counting(v1=GOOD, v2=VersionCounts(failures=50))
    done = judge_lifecycle_canary(
        world.workspace, lifecycle, counts=counts, now=at(1) + timedelta(minutes=1)
    )
    assert (done.action, done.version) == ("roll_back", "2")
    assert world.told()[-1] == ("canary_rollback", "1", "2")
    assert "50 of 50 predictions failed" in world.entries()[-1].why


def test_without_prometheus_nothing_is_promoted(world: World, lifecycle: Lifecycle) -> None:
    away = by_prometheus(Prometheus("http://127.0.0.1:9"), model="tiny")
    found = judge_lifecycle_canary(world.workspace, lifecycle, counts=away, now=at(500))
    assert found.action == "wait"
    assert "does not answer" in found.why
    empty = judge_lifecycle_canary(world.workspace, lifecycle, counts=Counting(), now=at(500))
    assert (empty.action, empty.why) == ("wait", "it has answered 0 of 200 predictions")
    assert world.told()[-1] == ("canary", "2", "")


def test_another_process_at_work_waits(world: World, lifecycle: Lifecycle) -> None:
    with world.workspace.lock():
        found = judge_lifecycle_canary(
            world.workspace, lifecycle, counts=Counting(v1=GOOD, v2=GOOD), now=at(9)
        )
    assert (found.action, "is in use by process" in found.why) == ("wait", True)
    assert world.told()[-1] == ("canary", "2", "")


def test_a_canary_that_changed_while_it_was_judged_is_left_alone(
    world: World, lifecycle: Lifecycle
) -> None:
    def slow(_elapsed: timedelta) -> Mapping[str, VersionCounts]:
        world.rollback()
        world.canary("3", hour=8)
        return {"2": GOOD, "1": GOOD}

    found = judge_lifecycle_canary(world.workspace, lifecycle, counts=slow, now=at(9))
    assert (found.action, found.why) == ("wait", "the canary changed while it was judged")
    assert world.told()[-1] == ("canary", "3", "")


def test_an_error_of_counting_is_not_swallowed_but_a_service_that_is_away_is(
    world: World, lifecycle: Lifecycle
) -> None:
    def broken(_elapsed: timedelta) -> Mapping[str, VersionCounts]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        judge_lifecycle_canary(world.workspace, lifecycle, counts=broken, now=at(9))

    def away(_elapsed: timedelta) -> Mapping[str, VersionCounts]:
        raise ServiceError("away")

    assert (
        judge_lifecycle_canary(world.workspace, lifecycle, counts=away, now=at(9)).action == "wait"
    )


def test_the_verbs_promote_and_roll_back_by_hand(
    world: World, lifecycle: Lifecycle, file: Path
) -> None:
    state = status_of(lifecycle, workspace=world.workspace)
    assert (state.candidate, state.canary_candidate) == ("logistic", "logistic")
    shown = RUNNER.invoke(app, ["status", str(file)])
    assert (
        "canary: version 2 (logistic), 20% of the predictions since 2026-01-01 13:00"
        in shown.output
    )

    with world.workspace.lock():
        busy = RUNNER.invoke(app, ["promote", str(file)])
    assert busy.exit_code == 7

    done = RUNNER.invoke(app, ["promote", str(file), "--why", "looks good"])
    assert (done.exit_code, done.stdout) == (0, "version 2 serves\n")
    assert (world.told()[-1], world.entries()[-1].why) == (("promotion", "2", "1"), "looks good")
    again = RUNNER.invoke(app, ["promote", str(file)])
    assert (again.exit_code, "has no canary" in again.stderr) == (1, True)

    back = RUNNER.invoke(app, ["rollback", str(file), "--why", "complaints"])
    assert back.stdout == "version 1 serves; version 2 was rolled back\n"
    assert (world.told()[-1], world.entries()[-1].why) == (("rollback", "1", "2"), "complaints")
    none = RUNNER.invoke(app, ["rollback", str(file)])
    assert (none.exit_code, "no version before 1" in none.stderr) == (1, True)

    world.canary("3", hour=5)
    dropped = RUNNER.invoke(app, ["rollback", str(file), "--json"])
    assert json.loads(dropped.stdout)["version"] == "1"
    assert json.loads(dropped.stdout)["canary"] is None
    told = RUNNER.invoke(app, ["history", str(file)]).output
    assert "version 1 (logistic), canary 3 dropped: asked for by hand" in told
    assert "version 3 (logistic), on trial: 3 is better" in told
    assert "version 1 (logistic), back from 2: complaints" in told
