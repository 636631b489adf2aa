"""A prepared folder to vary."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mdlc.components.selection.stage import select
from mdlc.core.columns import Feature
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import Selection
from mdlc.core.files import write_document
from mdlc.core.spec import Business, Data, Model

ACTIONS = {"wait": {"no": 0, "yes": 0}, "act": {"no": -1, "yes": 4}}
PAYOFFS: dict[str, dict[str, Any]] = {
    "binary": {"actions": ACTIONS, "do_nothing": "wait"},
    "multiclass": {"right": 1, "wrong": -1},
    "regression": {"under": -3, "over": -1},
}
CLASSES = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}
TABLE = Feature(name="distance", kind="number")
IMAGE = Feature(name="image", kind="image", shape=(8, 8, 1))


@pytest.fixture
def chosen(tmp_path) -> Callable[..., Selection]:
    """Run the stage on a prepared folder with 1000 training rows."""

    def run(task: str = "binary", **changes: Any) -> Selection:
        prepared, out = tmp_path / "prepared", tmp_path / "out"
        classes = changes.get("classes", CLASSES[task])
        shares = changes.get("shares") or {name: 1 / len(classes) for name in classes}
        rows = changes.get("rows", 1000)
        document = Prepared(
            task=task,
            classes=classes,
            features=changes.get("features", [TABLE]),
            slices=[],
            has_time=False,
            until=None,
            rows={"train": rows, "validation": 10, "test": 10},
            boundaries={},
            removed_null_target=0,
            removed_unknown_label=0,
            target_by_split={"train": shares},
            checks=[],
            digest="",
        )
        write_document(prepared / "prepared.json", document)
        if task == "regression":
            write_numbers(prepared / "table.parquet", changes.get("numbers", range(rows)))
        data = {"sources": {"rows": {"csv": "rows.csv"}}, "target": "late"}
        return select(
            Model.model_validate(changes.get("model", {})),
            data=Data.model_validate({**data, **changes.get("data", {})}),
            business=Business.model_validate(
                {"payoff": PAYOFFS[task], "decisions_per_year": 100, **changes.get("business", {})}
            ),
            prepared=prepared,
            out=out,
        )

    return run


def write_numbers(path: Path, numbers: Any) -> None:
    """Write the columns that selection reads; the test rows would spoil each result."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (__split VARCHAR, __target DOUBLE)")
        rows = [("train", float(number)) for number in numbers]
        connection.executemany("INSERT INTO t VALUES (?, ?)", [*rows, ("test", 1e12)])
        connection.table("t").write_parquet(str(path))
