"""Strangers' tables lead from `mdlc init`, without a word of configuration, to a model or a reason.

Neither is invented: what is promoted scores its own rows with the classes that the file of rows
has, and what is not promoted says why.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests import tiny
from tools.data_sets import DATA_SETS

pytestmark = pytest.mark.slow
ALSO_WIDE = ("wide", "shuttle")
"""Too slow for a test; benchmarks/first_hour.py has them."""


@pytest.mark.parametrize("name", [name for name in DATA_SETS if name not in ALSO_WIDE])
def test_a_strangers_table(name: str, tmp_path: Path) -> None:
    data, file = tmp_path / f"{name}.csv", tmp_path / "lifecycle.yaml"
    DATA_SETS[name].write(data)
    target = DATA_SETS[name].target
    made = tiny.mdlc("init", file, "--data", data, "--target", target)
    assert made.returncode == 0, made.stderr
    checked = tiny.mdlc("validate", file)
    assert checked.returncode == 0, checked.stderr
    ran = tiny.mdlc("run", file)
    assert ran.returncode == 0, ran.stderr
    if not list(tmp_path.glob(".mdlc/*/serving.json")):
        (found,) = tmp_path.glob(".mdlc/*/artifacts/**/evaluation.json")
        reasons = json.loads(found.read_text())["reasons"]
        assert any("is needed" in reason or "are needed" in reason for reason in reasons), reasons
        assert "mdlc serve" not in ran.stderr + ran.stdout
        return
    scored = tmp_path / "scored.csv"
    predicted = tiny.mdlc("predict", file, "--rows", data, "--out", scored)
    assert predicted.returncode == 0, predicted.stderr
    with data.open(newline="") as rows, scored.open(newline="") as scores:
        asked, answered = list(csv.DictReader(rows)), list(csv.DictReader(scores))
    assert len(answered) == len(asked)
    assert not any(value in ("", "nan") for row in answered for value in row.values())
