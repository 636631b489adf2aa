"""Tiny bundles and prepared tables, made by hand in milliseconds, for tests of later stages.

A bundle is a line through one feature `x`: sigmoid(weight * x + bias) is the probability of the
second class, or, for regression, the line itself is the answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.core.bundle import ONNX, Manifest, seal
from mdlc.core.columns import Feature
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import CandidateResult, Training
from mdlc.core.files import write_document
from mdlc.core.profile import Profile, make
from mdlc.core.spec.business import Payoff

X = Feature(name="x", kind="number")
CLASSES = ["good", "bad"]
PAYOFF = Payoff(
    actions={"wait": {"good": 0, "bad": -10}, "act": {"good": -4, "bad": 2}}, do_nothing="wait"
)
LINE_PAYOFF = Payoff(under=-1, over=-1, base=10)


def save_line(path: Path, *, weight: float, bias: float, regression: bool) -> None:
    """Write the ONNX model: x (rows, 1) -> scores (rows, 2) probabilities, or (rows, 1) numbers."""
    from onnx import TensorProto, checker, helper, save

    def scalar(name: str, value: float) -> Any:
        return helper.make_tensor(name, TensorProto.FLOAT, [1], [value])

    nodes = [
        helper.make_node("Mul", ["x", "weight"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["scores" if regression else "line"]),
    ]
    if not regression:
        nodes += [
            helper.make_node("Sigmoid", ["line"], ["second"]),
            helper.make_node("Sub", ["one", "second"], ["first"]),
            helper.make_node("Concat", ["first", "second"], ["scores"], axis=1),
        ]
    width = 1 if regression else 2
    graph = helper.make_graph(
        nodes,
        "line",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, width])],
        [scalar("weight", weight), scalar("bias", bias), scalar("one", 1.0)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, str(path))


def make_bundle(
    folder: Path, *, weight: float = 1.0, bias: float = 0.0, task: str = "binary", **fields: Any
) -> Manifest:
    """Write and seal a bundle; `fields` replace the manifest's."""
    folder.mkdir(parents=True, exist_ok=True)
    regression = task == "regression"
    save_line(folder / ONNX, weight=weight, bias=bias, regression=regression)
    manifest = Manifest.model_validate(
        {
            "name": "test",
            "candidate": "logistic",
            "task": task,
            "format": "onnx",
            "features": [X],
            "cleaning": [],
            "classes": [] if regression else CLASSES,
            "payoff": LINE_PAYOFF if regression else PAYOFF,
            "parity": 0.0,
            "trained_rows": 10,
        }
        | fields
    )
    values = np.linspace(0, 1, 10, dtype=np.float32)
    return seal(folder, manifest, profile=Profile(rows=10, series=[make(X, values, bins=2)]))


def make_training(folder: Path, **candidates: dict[str, Any]) -> Training:
    """Write training.json with a bundle for each candidate: kind -> arguments of make_bundle."""
    results = []
    for kind, arguments in candidates.items():
        place = f"candidates/{kind}"
        manifest = make_bundle(folder / place, candidate=kind, **arguments)
        results.append(
            CandidateResult(
                kind=kind,
                params={},
                metric="log_loss",
                value=0.5,
                seconds=0.1,
                parity=0.0,
                format="onnx",
                folder=place,
                digest=manifest.digest,
                trials=[],
            )
        )
    training = Training(candidates=results, rows={"train": 10}, seconds=0.1)
    write_document(folder / "training.json", training)
    return training


def make_prepared(
    folder: Path,
    *,
    x: npt.NDArray[Any],
    target: npt.NDArray[Any],
    split: npt.NDArray[Any],
    days: int = 0,
    groups: npt.NDArray[Any] | None = None,
) -> Prepared:
    """Write table.parquet and prepared.json; rows are spread over `days` days, 0: no time."""
    import pyarrow as pa
    from pyarrow import parquet

    rows, regression = len(x), target.dtype.kind == "f"
    start = datetime(2026, 1, 1)
    times = [start + timedelta(days=i % days) if days else None for i in range(rows)]
    columns: dict[str, Any] = {
        "__key": [f"{i:08d}" for i in range(rows)],
        "__time": pa.array(times, pa.timestamp("us")),
        "__label_time": pa.array(times, pa.timestamp("us")),
        "__split": split.tolist(),
        "__target": target.tolist(),
        "x": pa.array(x, pa.float64()),
    }
    if groups is not None:
        columns["group"] = groups.tolist()
    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), folder / "table.parquet")
    prepared = Prepared(
        task="regression" if regression else "binary",
        classes=[] if regression else CLASSES,
        features=[X],
        slices=["group"] if groups is not None else [],
        has_time=bool(days),
        until=None,
        rows={},
        boundaries={},
        removed_null_target=0,
        removed_unknown_label=0,
        target_by_split={},
        checks=[],
        digest="",
    )
    write_document(folder / "prepared.json", prepared)
    return prepared


def make_world(folder: Path, *, rows: int = 1200, days: int = 0, seed: int = 0) -> None:
    """Write prepared/ with two classes: the odds of `bad` are exp(2 x - 1), x standard normal."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    bad = random.random(rows) < 1 / (1 + np.exp(1 - 2 * x))
    split = np.array(["train", "validation", "test"])[np.arange(rows) % 3]
    groups = np.where(random.random(rows) < 0.5, "north", "south")
    target = np.array(CLASSES)[bad.astype(int)]
    make_prepared(folder / "prepared", x=x, target=target, split=split, days=days, groups=groups)
