"""Example 01's year lived: from a trained model to the money of every policy."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import common

REPEATS = 1
WALL_GOAL = 360.0
POLICIES = ("loop", "monthly", "never", "rule")


def measure(repeats: int) -> common.Result:
    """Train in an empty home, then live from March to December beside the monthly alternative."""
    wall, cpu, memory = [], [], []
    net: dict[str, list[float]] = {name: [] for name in POLICIES}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as home:
            file = [str(common.FLIGHTS), "--home", home]
            common.watched([*common.MDLC, "run", *file])
            seconds, used, peak = common.watched([*common.MDLC, "replay", *file])
            wall.append(seconds)
            cpu.append(used)
            memory.append(peak / 2**30)
            life = json.loads((Path(home) / "flight-delays" / "life.json").read_text())
            for policy in life["policies"]:
                if policy["name"] in net:
                    net[policy["name"]].append(policy["net"])
    result = common.Result("year", "example 01, ten months lived with labels, alerts, retraining")
    result.add("replay, wall", wall, unit="s", goal=WALL_GOAL)
    result.add("replay, CPU", cpu, unit="s", against="replay, wall")
    result.add("replay, peak memory", memory, unit="GiB")
    for name, values in net.items():
        result.add(f"net money, {name}", values, unit="USD", against="net money, loop")
    return result
