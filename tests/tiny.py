"""A lifecycle small enough to run in seconds: a CSV made here, two features that matter.

The odds of `bought` are exp(2 x + 2 y + shift). `until` leaves the last days to a replay.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

FIRST_DAY = datetime(2026, 1, 1)
FILE = """\
apiVersion: mdlc.dev/v1alpha1
kind: Lifecycle
metadata:
  name: tiny
spec:
  business:
    decisions_per_year: 10000
    payoff:
      actions:
        act: {bought: 2.0, left: -1.0}
        wait: {bought: 0, left: 0}
      do_nothing: wait
  data:
    sources:
      rows:
        csv: rows.csv
    table: {key: [id], time: asked, label_time: known}
    target: answer
    features: [x, y, group]
    identifiers: [id]
    known_later: [known]
  model:
    candidates: [logistic]
    tuning: {trials: 1, seconds: 20}
    split: {until: 2026-01-31, validation: 5d, test: 5d}
    bootstrap: 100
  deploy:
    promote: {confidence: 0.6}
  retrain:
    max_per_month: 0
    min_new_labels: 1
"""


def write_rows(
    path: Path,
    *,
    days: int = 40,
    rows_a_day: int = 20,
    shift: Callable[[int], float] = lambda _: -1.0,
    extra: dict[str, Callable[[int, np.random.Generator], Any]] | None = None,
    seed: int = 0,
    first: datetime = FIRST_DAY,
) -> None:
    """Write the CSV: id, asked, known (six hours later), x, group, answer, y, and `extra`.

    `shift` and the makers of `extra` columns are given the day's number, from 0.
    """
    random = np.random.default_rng(seed)
    more = extra or {}
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "asked", "known", "x", "group", "answer", "y", *more])
        for number in range(days * rows_a_day):
            day, of_day = divmod(number, rows_a_day)
            asked = first + timedelta(days=day, seconds=of_day * 86400 // rows_a_day)
            x, y = random.normal(size=2).round(4).tolist()
            odds = np.exp(2 * (x + y) + shift(day))
            answer = "bought" if random.random() < odds / (1 + odds) else "left"
            group = "ab"[int(random.integers(2))]
            known = asked + timedelta(hours=6)
            values = [make(day, random) for make in more.values()]
            out.writerow([number, asked, known, x, group, answer, y, *values])


def write_file(folder: Path, *edits: tuple[str, str]) -> Path:
    """Write lifecycle.yaml; each edit replaces a text that the file has exactly once."""
    text = FILE
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "lifecycle.yaml"
    path.write_text(text)
    return path


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of the real mdlc."""
    return [sys.executable, "-m", "mdlc", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a shell that has no settings of mdlc's own."""
    ours = {"MDLC_HOME", "MDLC_TOKEN", "MLFLOW_TRACKING_URI"}
    return {k: v for k, v in os.environ.items() if k not in ours} | {"COLUMNS": "200"} | changes


def mdlc(*arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the real command to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment(**changes),
    )
