"""A prepared folder from a data frame of features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mdlc.components.exploration.stage import explore
from mdlc.core.columns import Feature
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.files import read_document, write_document
from mdlc.core.spec.model import Explore

Explored = Callable[..., Exploration]


def prepare(folder: Path, frame: pd.DataFrame, **changes: Any) -> Path:
    """Write `frame` (features and __target; __split defaults to train) as preparation would."""
    folder.mkdir()
    table = frame.copy()
    table["__key"] = [f"k{i}" for i in range(len(table))]
    added: dict[str, Any] = {"__split": "train", "__time": pd.NaT, "__label_time": pd.NaT}
    for name, value in added.items():
        if name not in table:
            table[name] = value
    table.to_parquet(folder / "table.parquet")
    numeric = np.issubdtype(np.asarray(table["__target"]).dtype, np.number)
    classes = [] if numeric else sorted(set(table["__target"]))
    features = [
        Feature(name=str(name), kind="category" if frame[name].dtype == object else "number")
        for name in frame
        if not str(name).startswith("__")
    ]
    task = "regression" if numeric else "binary" if len(classes) < 3 else "multiclass"
    fields: dict[str, Any] = {
        "task": task,
        "classes": classes,
        "features": features,
        "slices": [],
        "has_time": False,
        "until": None,
        "rows": {"train": len(table)},
        "boundaries": {},
        "removed_null_target": 0,
        "removed_unknown_label": 0,
        "target_by_split": {},
        "checks": [],
        "digest": "",
    }
    write_document(folder / "prepared.json", Prepared(**{**fields, **changes}))
    return folder


@pytest.fixture
def explored(tmp_path: Path) -> Explored:
    """Explore a frame, and prove on the way that what is written reads back the same."""

    def run(frame: pd.DataFrame, *, sensitive: list[str] | None = None, **spec: Any) -> Exploration:
        changes = spec.pop("prepared", {})
        prepared = prepare(tmp_path / "prepared", frame, **changes)
        out = tmp_path / "out"
        out.mkdir()
        found = explore(Explore(**spec), prepared=prepared, sensitive=sensitive or [], out=out)
        assert read_document(out / "exploration.json", Exploration) == found
        return found

    return run
