"""Example 01 from nothing to a released model, and once more with nothing changed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import common

REPEATS = 1
WALL_GOAL, MEMORY_GOAL, AGAIN_GOAL = 90.0, 3.0, 5.0


def measure(repeats: int) -> common.Result:
    """Train in an empty home, then run again."""
    wall, cpu, memory, again = [], [], [], []
    stages: dict[str, list[float]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as home:
            command = [*common.MDLC, "run", str(common.FLIGHTS), "--home", home]
            seconds, used, peak = common.watched(command)
            wall.append(seconds)
            cpu.append(used)
            memory.append(peak / 2**30)
            for stage, took in _stages(Path(home)).items():
                stages.setdefault(stage, []).append(took)
            again.append(common.watched(command)[0])
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


def _stages(home: Path) -> dict[str, float]:
    (run,) = sorted((home / "flight-delays" / "runs").glob("*/run.json"))
    found = json.loads(run.read_text())["stages"]
    return {stage: float(entry["seconds"]) for stage, entry in found.items()}
