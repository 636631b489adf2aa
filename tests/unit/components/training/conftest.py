"""A prepared folder of a few hundred rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from mdlc.core.columns import Feature
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.files import write_document
from mdlc.core.spec.model import Task

CLASSES = {"binary": ["late", "on_time"], "multiclass": ["a", "b", "c"], "regression": []}
Make = Callable[..., Path]


@pytest.fixture
def make_prepared(tmp_path: Path) -> Make:
    def make(task: Task = "binary", *, rows: int = 600, **changed: Any) -> Path:
        folder = tmp_path / f"prepared-{task}"
        folder.mkdir()
        frame = _frame(task, rows).assign(**changed)
        with duckdb.connect() as connection:
            connection.register("frame", frame)
            connection.execute(f"COPY frame TO '{folder / 'table.parquet'}' (FORMAT parquet)")
        write_document(folder / "prepared.json", _document(task, frame))
        return folder

    return make


def _frame(task: Task, rows: int) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    hour, noise = draw.integers(0, 24, rows).astype(float), draw.normal(size=rows)
    carrier = np.array(["UA", "AA", None], object)[draw.integers(0, 3, rows)]
    z = hour / 6 + (carrier == "UA") * 1.5 + draw.normal(0, 0.5, rows)
    target = {
        "binary": np.where(z > 3, "late", "on_time").astype(object),
        "multiclass": np.array(["a", "b", "c"], object)[np.digitize(z, [2, 4])],
        "regression": z * 10,
    }[task]
    hour[::20] = np.nan
    time = pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(rows), unit="h")
    return pd.DataFrame(
        {
            "__key": [f"{i:05}" for i in range(rows)],
            "__time": time,
            "__label_time": time,
            "__split": np.where(np.arange(rows) < rows * 0.6, "train", "validation"),
            "__target": target,
            "hour": hour,
            "noise": noise,
            "carrier": carrier,
        }
    )


def _document(task: Task, frame: pd.DataFrame) -> Prepared:
    return Prepared(
        task=task,
        classes=CLASSES[task],
        features=[
            Feature(name="hour", kind="number"),
            Feature(name="noise", kind="number"),
            Feature(name="carrier", kind="category"),
        ],
        slices=[],
        has_time=True,
        until=None,
        rows={str(k): int(v) for k, v in frame["__split"].value_counts().items()},
        boundaries={"train": datetime(2013, 1, 1), "validation": datetime(2013, 1, 16)},
        removed_null_target=0,
        removed_unknown_label=0,
        target_by_split={},
        checks=[],
        digest="",
    )
