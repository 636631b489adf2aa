"""A rehearsal that a test directs: programs, clients, an observer, and faults in between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from mdlc.core.spec import Lifecycle, load
from mdlc.life.progress import SilentProgress
from mdlc.life.train import train
from mdlc.monitoring.version_history import History
from mdlc.pipelines.cache.result_store import ResultStore
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.local.warm_server import WarmServer
from mdlc.rehearsal.concept_drift import changed_world, find_drift, known_world
from mdlc.rehearsal.loop_timeline import LoopTimeline
from mdlc.rehearsal.service_stack import Ports, ServiceStack, client, running_stack
from mdlc.rehearsal.time_compression import compress_time
from mdlc.rehearsal.traffic import Traffic
from mdlc.replay.fresh_workspace import fresh_replay_workspace
from mdlc.replay.row_stream import RowStream
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace, workspace_of
from tests import tiny
from tests.ports import free_port

DAYS, ROWS_A_DAY = 120, 250
WINDOW = timedelta(seconds=7)
RATE = 60.0
EDITS = (
    ("until: 2026-01-31, validation: 5d, test: 5d", "until: 2026-02-01, validation: 4d, test: 5d"),
    ("    candidates: [logistic]\n", "    candidates: [lightgbm]\n"),
    (
        "  retrain:\n    max_per_month: 0\n    min_new_labels: 1\n",
        """\
  monitor:
    window: 7d
    warm_up: 7d
    hold: 1d
    drift: {min_predictions: 200}
    quality: {min_labels: 200}
  retrain:
    cooldown: 60d
    max_per_month: 3
    window: 12d
    validation: 3d
    test: 5d
    min_new_labels: 100
    trials: 1
""",
    ),
)


@dataclass
class World:
    """A trained lifecycle whose world will change, ready to be rehearsed."""

    lifecycle: Lifecycle
    changed: Lifecycle
    workspace: Workspace


@dataclass
class Scene:
    """One performance."""

    lifecycle: Lifecycle
    workspace: Workspace
    programs: ServiceStack
    traffic: Traffic
    watching: LoopTimeline
    known: RowStream
    later: RowStream

    def stand_still(self) -> set[str]:
        """Let a world without drift pass, a window beyond the warm-up; return what fired."""
        until(self.watching.settled, seconds=30)
        monitor = self.lifecycle.spec.monitor
        length = (monitor.warm_up + monitor.window + 2 * monitor.hold).total_seconds()
        ends, fired = time.monotonic() + length, set()
        while time.monotonic() < ends:
            fired |= {labels["alertname"] for labels in self.watching.standing("firing")}
            time.sleep(0.3)
        return fired

    def drift(self) -> None:
        """Send the changed world from now on."""
        self.watching.seen["drift"] = self.traffic.play(self.later, rate=RATE)

    def look(self) -> bool:
        """Look once; say whether the loop has closed."""
        return self.watching.look(heard=self.traffic.counts.first_answer)

    def closes(self, *, seconds: float) -> list[Verdict]:
        """Wait until the loop has closed; return the ledger's runs."""
        until(self.look, seconds=seconds)
        return self.watching.runs()

    def history(self) -> list[str]:
        """Return the versions that the history names."""
        return [entry.version for entry in History(self.workspace.history).entries()]

    def kill_child(self, *, after: int = 0) -> int:
        """Kill the process that retrains for the trigger, once there is one; return its number.

        `after` is the one that was killed before: its body may still lie about.
        """
        parent = self.programs.trigger.pid
        number = until(lambda: _child(parent, other_than=after), seconds=120)
        os.kill(number, signal.SIGKILL)
        return int(number)


def make_world(folder: Path) -> World:
    """Train the tiny lifecycle, and its twin with a change in its future."""
    tiny.write_rows(folder / "rows.csv", days=DAYS, rows_a_day=ROWS_A_DAY)
    file = tiny.write_file(folder, *EDITS)
    lifecycle = load(file)
    workspace = workspace_of(lifecycle, file=file)
    with WarmServer() as server:
        made = train(
            lifecycle,
            workspace=workspace,
            runner=LocalRunner(workspace, server),
            progress=SilentProgress(),
        )
        changed = find_drift(lifecycle, table=made.results.folder("preparation")).lifecycle
        # So that each test finds its first model in the cache.
        first = fresh_replay_workspace(workspace, "first")
        train(
            changed, workspace=first, runner=LocalRunner(first, server), progress=SilentProgress()
        )
    return World(lifecycle, changed, workspace)


@contextmanager
def performed(world: World, *, name: str, rate: float = RATE) -> Iterator[Scene]:
    """Start everything in a place of its own; clients send a world without drift."""
    workspace = fresh_replay_workspace(world.workspace, name)
    # What `make_world` has trained is found by content; a new place borrows the entries.
    for entry in (world.workspace.folder / "first" / workspace.name / "cache").glob("*.json"):
        shutil.copy2(entry, workspace.folder / "cache" / entry.name)
    ResultStore(workspace.folder / "cache").forget("deployment")
    with WarmServer() as server:
        first = train(
            world.changed,
            workspace=workspace,
            runner=LocalRunner(workspace, server),
            progress=SilentProgress(),
        )
    assert first.pointer is not None
    short = compress_time(world.changed, window=WINDOW)
    table = first.results.folder("preparation")
    known = known_world(table, rows=100_000, seed=0)
    later = changed_world(table, lifecycle=short, rows=int(RATE * 240))
    ports = Ports(*(free_port() for _ in range(4)))
    with (
        running_stack(
            short, workspace=workspace, root=world.workspace.root, ports=ports
        ) as programs,
        httpx.Client(base_url=f"http://127.0.0.1:{ports.predictor}", timeout=30) as http,
        client(ports) as prometheus,
        Traffic(http, name=workspace.name, labels_after=0.5) as traffic,
    ):
        traffic.play(known, rate=rate)
        watching = LoopTimeline(short, workspace, prometheus, first.pointer.version)
        yield Scene(short, workspace, programs, traffic, watching, known, later)


def until(condition: Callable[[], Any], *, seconds: float) -> Any:
    """Return what `condition` says once it is true; after `seconds` the test fails."""
    ends = time.monotonic() + seconds
    while not (said := condition()):
        assert time.monotonic() < ends, f"it did not come about within {seconds:g} s"
        time.sleep(0.2)
    return said


def _child(parent: int, *, other_than: int) -> int | None:
    found = subprocess.run(
        ["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False
    ).stdout.split()
    numbers = [int(text) for text in found if int(text) != other_than]
    return numbers[0] if numbers else None
