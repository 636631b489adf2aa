"""Runs all benchmarks, or those named: python benchmarks/run.py [NAME ...] [--repeats N]."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

import common

NAMES = (
    *("startup", "overhead", "serving", "drift", "drift_peers", "observe", "training", "year"),
    *("rules", "loop", "fleet", "unit_costs", "preparing", "promotion", "first_hour"),
)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure, print, write results/NAME.json and results/results.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--repeats", type=int, help="instead of each benchmark's own number")
    options = parser.parse_args()
    for name in options.names:
        if name not in NAMES:
            parser.error(f"unknown benchmark {name!r}; known: {', '.join(NAMES)}")
    facts = common.machine()
    RESULTS.mkdir(exist_ok=True)
    for name in options.names or NAMES:
        module = importlib.import_module(name)
        before = common.load_average()
        repeats = options.repeats or module.REPEATS
        result: common.Result = module.measure(repeats)
        result.load = (before, common.load_average())
        text = json.dumps({"machine": facts, **result.as_json()}, indent=1)
        (RESULTS / f"{name}.json").write_text(text + "\n")
        print(section(result.as_json(), table=result.table()), flush=True)
        write_summary()


def section(found: dict[str, Any], *, table: str) -> str:
    """Return one benchmark's part of the summary."""
    before, after = found["load"]
    notes = "\n".join(f"- {note}" for note in found["notes"])
    title = f"## {found['name']}: {found['title']}"
    return f"{title}\n\n{table}\n\nLoad before and after: {before}, {after}.\n\n{notes}\n"


def write_summary() -> None:
    """Write results.md from all results that there are."""
    parts = ["# Results\n", "Written by run.py; how to read it is in ../README.md.\n"]
    machines: list[dict[str, str]] = []
    sections = []
    for name in NAMES:
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text())
        if found["machine"] not in machines:
            machines.append(found["machine"])
        rows = [
            common.Row(**{key: value for key, value in row.items() if key != "median"})
            for row in found["rows"]
        ]
        table = common.Result(found["name"], found["title"], rows).table()
        sections.append(section(found, table=table))
    for facts in machines:
        parts.append("\n".join(f"- {key}: {value}" for key, value in facts.items()) + "\n")
    (RESULTS / "results.md").write_text("\n".join(parts + sections))


if __name__ == "__main__":
    main()
