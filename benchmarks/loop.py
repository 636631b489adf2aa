"""The loop, rehearsed: from the first drifted request to the first answer of the new model."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import common

REPEATS = 1
FIRST, HELD, LAST = "drift", "hold", "serve"
"""The steps from which and to which the loop is timed."""


def measure(repeats: int) -> common.Result:
    """Rehearse example 01 and lay out how long each step took."""
    runs = [_rehearse() for _ in range(repeats)]
    result = common.Result("loop", "example 01 rehearsed: drift to a new model that answers")
    names = [step["name"] for step in runs[0]["steps"]]
    for name in names:
        steps = [step for run in runs for step in run["steps"] if step["name"] == name]
        seconds = [step["seconds"] for step in steps]
        result.add(f"{name}: {steps[0]['title']}", seconds, unit="s")
    until = [_until(run["steps"], LAST) for run in runs]
    result.add("drifted request to new model's first answer", until, unit="s")
    days = [_until(run["steps"], HELD) / run["day_seconds"] for run in runs]
    result.add("of it, detect and hold, in days of the file", days, unit="days")
    waited = [run["slowest_seconds"] for run in runs]
    result.add("longest that a client waited", waited, unit="s")
    result.add("requests that failed", [float(len(r["failed_requests"])) for r in runs], unit="")
    seen = runs[-1]
    result.notes += [
        f"monitor.window passes in 20 s, so a day of the file takes {seen['day_seconds']:.2f} s:"
        " detect and hold are as long as the file says, in days; prepare to serve take what they"
        " take on this machine, beside the traffic.",
        f"{seen['predictions']:,} predictions and {seen['labels']:,} labels in the last rehearsal;"
        f" alerts: {', '.join(seen['alerts'])}.",
        "A step's seconds are from the step before.",
    ]
    result.notes += [f"PROBLEM: {problem}" for run in runs for problem in run["problems"]]
    return result


def _rehearse() -> dict[str, Any]:
    home = str(common.CACHE / "loop")  # kept, so that only the first run trains before it begins
    done = subprocess.run(
        [*common.MDLC, "rehearse", str(common.FLIGHTS), "--home", home, "--json"],
        env=common.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    start = done.stdout.find("{")
    if start < 0:
        raise SystemExit(f"the rehearsal ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout[start:])
    return found


def _until(steps: list[dict[str, Any]], last: str) -> float:
    """Return the seconds from the first step to `last`; to the end where it was not reached."""
    names = [step["name"] for step in steps]
    end = names.index(last) + 1 if last in names else len(names)
    return float(sum(step["seconds"] for step in steps[names.index(FIRST) + 1 : end]))
