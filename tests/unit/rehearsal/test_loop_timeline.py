"""A rehearsal ends where nothing more comes of its retraining: a canary's trial is a part of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mdlc.core.spec import load
from mdlc.rehearsal.loop_timeline import LoopTimeline
from mdlc.rehearsal.time_compression import compress_time
from tests import tiny
from tests.unit.life.test_releases import World, at


def timeline(world: World, *, outcome: str) -> Any:
    """Return a timeline over a workspace whose one run has that outcome; no alert stands."""
    prometheus: Any = SimpleNamespace(query=lambda _: [])
    made = LoopTimeline(
        load(tiny.write_file(world.folder)), world.workspace, prometheus, before="1"
    )
    run = SimpleNamespace(outcome=outcome, reasons=["money"], time=at(0))
    made.__dict__["runs"] = lambda: [run]
    return made


def test_a_canary_on_trial_goes_on_and_one_that_was_dropped_is_the_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.release("1")
    world.canary("2", hour=1)
    watching = timeline(world, outcome="canary")
    assert (watching.look(heard={}), watching.promoted()) == (False, "")
    world.rollback()
    assert (watching.look(heard={}), watching.promoted()) == (True, "")


def test_a_canary_that_was_promoted_is_what_the_rehearsal_promoted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.release("1")
    world.canary("2", hour=1)
    world.promote(hour=2)
    watching = timeline(world, outcome="canary")
    closed = watching.look(heard={"2": at(3)})
    assert (closed, watching.promoted()) == (True, "2"), "its alerts are resolved: none stands"
    assert watching.seen["release"] == at(2)


@pytest.mark.parametrize(("outcome", "closed"), [("refused", True), ("failed", True), ("", False)])
def test_without_a_release_the_runs_end_is_the_end(
    tmp_path: Path, outcome: str, closed: bool
) -> None:
    world = World(tmp_path)
    world.release("1")
    assert timeline(world, outcome=outcome).look(heard={}) is closed


def test_a_canarys_hold_is_shortened_as_all_that_the_clock_measures(tmp_path: Path) -> None:
    canary = ("  deploy:\n", "  deploy:\n    canary: {hold: 7d}\n")
    lifecycle = load(tiny.write_file(tmp_path, canary))
    factor = lifecycle.spec.monitor.window / timedelta(seconds=20)
    short = compress_time(lifecycle, window=timedelta(seconds=20)).spec.deploy.canary
    assert short is not None
    assert short.hold == timedelta(seconds=round(timedelta(days=7) / factor / timedelta(seconds=1)))
    assert compress_time(load(tiny.write_file(tmp_path)), window=timedelta(seconds=20))
