"""A small, whole lifecycle file as text, and a way to load a changed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.core.errors import SpecError
from mdlc.core.spec import Lifecycle, load

TEXT = """\
apiVersion: mdlc.dev/v1alpha1
kind: Lifecycle
metadata:
  name: small
spec:
  business:
    payoff: {right: 1, wrong: -1}
  data:
    sources:
      rows: {csv: rows.csv}
    target: answer
    checks:
      - {column: x, min: 0}
  model:
    tuning: {trials: 2}
  monitor:
    window: 7d
  retrain:
    cooldown: 14d
"""


def loaded(folder: Path, old: str = "", new: str = "") -> Lifecycle:
    """Load the file after replacing `old`, which it has once."""
    assert not old or TEXT.count(old) == 1, old
    path = folder / "lifecycle.yaml"
    path.write_text(TEXT.replace(old, new) if old else TEXT)
    return load(path)


def refused(folder: Path, old: str, new: str) -> SpecError:
    """Return the error of a changed file."""
    with pytest.raises(SpecError) as caught:
        loaded(folder, old, new)
    assert "\n" not in str(caught.value)
    return caught.value
