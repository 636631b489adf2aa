"""Example 01 from nothing to a released model, and once more with nothing changed."""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import common
import psutil

REPEATS = 1
WALL_GOAL, MEMORY_GOAL, AGAIN_GOAL = 90.0, 3.0, 5.0
EVERY_SECONDS = 0.1


def measure(repeats: int) -> common.Result:
    """Train in an empty home, then run again."""
    wall, cpu, memory, again = [], [], [], []
    stages: dict[str, list[float]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as home:
            command = [*common.MDLC, "run", str(common.FLIGHTS), "--home", home]
            seconds, used, peak = _watched(command)
            wall.append(seconds)
            cpu.append(used)
            memory.append(peak / 2**30)
            for stage, took in _stages(Path(home)).items():
                stages.setdefault(stage, []).append(took)
            again.append(_watched(command)[0])
    result = common.Result("training", "example 01 (two months of flights, three candidates)")
    result.add("first run, wall", wall, unit="s", goal=WALL_GOAL)
    result.add("first run, CPU", cpu, unit="s", against="first run, wall")
    result.add("first run, peak memory", memory, unit="GiB", goal=MEMORY_GOAL)
    result.add("second run, wall", again, unit="s", against="first run, wall", goal=AGAIN_GOAL)
    for stage, values in stages.items():
        result.add(f"stage {stage}", values, unit="s", against="first run, wall")
    result.notes += [
        "Memory is the largest sum of resident sets over the process tree, every 0.1 s; pages that",
        "forked steps share with the warm server count twice, so the truth is lower.",
    ]
    return result


def _watched(command: list[str]) -> tuple[float, float, int]:
    """Return a command's wall seconds, CPU seconds, and the peak of its tree's resident bytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=common.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    root, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        peak = max(peak, _resident(root))
        time.sleep(EVERY_SECONDS)
    wall = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{command} failed: {process.communicate()[1].decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0  # a step ended as we looked; the next look is near
    return total


def _stages(home: Path) -> dict[str, float]:
    (run,) = sorted((home / "flight-delays" / "runs").glob("*/run.json"))
    found = json.loads(run.read_text())["stages"]
    return {stage: float(entry["seconds"]) for stage, entry in found.items()}
