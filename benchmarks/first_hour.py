"""Strangers' tables from nothing to a served model: `mdlc init`, then `mdlc run`, no word more.

The data sets are those of `tools.data_sets`. What each led to is in the notes: a promoted model,
the rule, or why there is none.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import common

sys.path.insert(0, str(common.ROOT))
from tools.data_sets import DATA_SETS

REPEATS = 1
SMALL_GOAL, WIDE_GOAL = 15.0, 60.0
"""Seconds: for a table under 1,000 rows, for a wide one."""
SMALL, WIDE = ("wine", "iris", "breast_cancer", "diabetes"), "wide"
OTHERS = ("seattle_weather", "phishing", "segment", "shuttle")


def measure(repeats: int) -> common.Result:
    """Time each data set in an empty folder; what it needs of libraries has been read before."""
    result = common.Result("first_hour", "own data: init and run, with all default candidates")
    ended: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        common.mdlc("--version")
        for name in (*SMALL, *OTHERS, WIDE):
            seconds, used = [], []
            for repeat in range(repeats):
                place = Path(folder) / f"{name}{repeat}"
                place.mkdir()
                DATA_SETS[name].write(place / f"{name}.csv")
                wall, cpu = _first_try(place, name)
                seconds.append(wall)
                used.append(cpu)
                ended[name] = _end(place)
            goal = WIDE_GOAL if name == WIDE else SMALL_GOAL if name in SMALL else None
            result.add(f"{name}, wall", seconds, unit="s", goal=goal)
            result.add(f"{name}, CPU", used, unit="s", against=f"{name}, wall")
    result.notes += [f"{name}: {what}" for name, what in ended.items()]
    return result


def _first_try(place: Path, name: str) -> tuple[float, float]:
    """Return wall and CPU seconds of `mdlc init` and `mdlc run`."""
    file = place / "lifecycle.yaml"
    init = ["init", str(file), "--data", str(place / f"{name}.csv"), "--target"]
    made = common.watched([*common.MDLC, *init, DATA_SETS[name].target])
    ran = common.watched([*common.MDLC, "run", str(file)])
    return made[0] + ran[0], made[1] + ran[1]


def _end(place: Path) -> str:
    """Return what a run led to, in its own words."""
    (found,) = place.glob(".mdlc/*/artifacts/**/evaluation.json")
    reasons = json.loads(found.read_text())["reasons"]
    return "; ".join(reasons)
