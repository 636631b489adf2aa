"""Tiny bundles and pointers, for tests of the server and of its clients."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mdlc.core import profile
from mdlc.core.bundle import ONNX, Manifest, seal
from mdlc.core.cleaning import Decision
from mdlc.core.columns import Feature
from mdlc.core.files import write_document
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Task
from mdlc.state.release_documents import CanaryRelease, Pointer

Fault = Literal["", "raises", "nan"]
PAYOFF = Payoff(
    actions={"wait": {"no": 0.0, "yes": -10.0}, "rebook": {"no": -10.0, "yes": 5.0}},
    do_nothing="wait",
)


def features(numbers: int = 1, *, image: bool = False) -> list[Feature]:
    """Return x0, x1 ... , the category carrier, and optionally a 2 x 2 image."""
    chosen = [Feature(name=f"x{index}", kind="number") for index in range(numbers)]
    chosen.append(Feature(name="carrier", kind="category"))
    if image:
        chosen.append(Feature(name="photo", kind="image", shape=(2, 2, 1), scale=255.0))
    return chosen


def bundle(
    folder: Path,
    *,
    classes: list[str],
    inputs: list[Feature] | None = None,
    slope: float = 1.0,
    fault: Fault = "",
) -> Manifest:
    """Write a bundle that answers softmax(slope * x0 * class index); slope * x0 without classes.

    x0 is imputed with 0; the other features are not imputed and do not influence the answer. A
    bundle with a `fault` loads and warms up normally. Then "raises" fails for rows with x0 above 1,
    and "nan" answers NaN for rows with x0 other than 0.
    """
    import onnx

    folder.mkdir(parents=True)
    chosen = features() if inputs is None else inputs
    onnx.save(_network(chosen, classes=len(classes), slope=slope, fault=fault), str(folder / ONNX))
    manifest = Manifest(
        name="flights",
        candidate="logistic",
        task=_task(classes),
        format="onnx",
        features=chosen,
        cleaning=[Decision(action="impute", column="x0", why="test", value=0.0)],
        classes=classes,
        payoff=_payoff(classes),
        parity=0.0,
        trained_rows=100,
    )
    return seal(folder, manifest, profile=_profile(chosen, classes=classes))


def point(  # noqa: PLR0913 - what a pointer says
    pointer: Path,
    *,
    folder: Path,
    manifest: Manifest,
    version: str,
    promised: float | None = None,
    canary: CanaryRelease | None = None,
) -> None:
    """Write a pointer that says the bundle in `folder` serves as `version`."""
    document = Pointer(
        name=manifest.name,
        version=version,
        bundle=folder.relative_to(pointer.parent).as_posix(),
        digest=manifest.digest,
        since=datetime.now(UTC),
        promised=promised,
        canary=canary,
    )
    write_document(pointer, document)


def trial(folder: Path, *, manifest: Manifest, version: str, ratio: float) -> CanaryRelease:
    """Return a pointer's entry for the bundle in `folder`, beside it, on trial as `version`."""
    return CanaryRelease(
        version=version,
        bundle=folder.name,
        digest=manifest.digest,
        since=datetime.now(UTC),
        promised=None,
        ratio=ratio,
        why="test",
    )


def _task(classes: list[str]) -> Task:
    if not classes:
        return "regression"
    return "binary" if len(classes) == 2 else "multiclass"


def _payoff(classes: list[str]) -> Payoff:
    if not classes:
        return Payoff(under=-2, over=-1)
    return PAYOFF if classes == ["no", "yes"] else Payoff(right=1, wrong=-1)


def _network(chosen: list[Feature], *, classes: int, slope: float, fault: Fault) -> Any:
    from onnx import TensorProto, helper

    kinds = {"number": TensorProto.FLOAT, "category": TensorProto.STRING}
    inputs = [
        helper.make_tensor_value_info(
            feature.name,
            kinds.get(feature.kind, TensorProto.FLOAT),
            [None, *(feature.shape or [1])],
        )
        for feature in chosen
    ]
    width = classes or 1
    weights = [slope * index for index in range(classes)] if classes else [slope]
    constant = helper.make_tensor("weights", TensorProto.FLOAT, [1, width], weights)
    last = helper.make_node("Softmax", ["logits"], ["scores"], axis=1)
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        *_seen(fault),
        helper.make_node("MatMul", ["seen", "weights"], ["logits"]),
        last if classes else helper.make_node("Identity", ["logits"], ["scores"]),
    ]
    output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, width])
    graph = helper.make_graph(nodes, "tiny", inputs, [output], [constant, one])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _seen(fault: Fault) -> list[Any]:
    """Return the ONNX nodes between x0 and the input of the model."""
    from onnx import TensorProto, helper

    node = helper.make_node
    if fault == "nan":  # the square root of a negative number
        parts = [node("Abs", ["x0"], ["size"]), node("Neg", ["size"], ["below"])]
        return [*parts, node("Sqrt", ["below"], ["root"]), node("Add", ["x0", "root"], ["seen"])]
    if fault == "raises":  # an index beyond the only element
        places = node("Cast", ["x0"], ["places"], to=TensorProto.INT64)
        first = node("Gather", ["one", "places"], ["first"], axis=0)
        return [places, first, node("Mul", ["x0", "first"], ["seen"])]
    return [node("Identity", ["x0"], ["seen"])]


def _profile(chosen: list[Feature], *, classes: list[str]) -> profile.Profile:
    spread = np.linspace(-1, 1, 100).astype(np.float32)
    carriers = np.array(["AA", "B6"] * 50, dtype=object)
    values: dict[str, Any] = {"number": spread, "category": carriers, "image": spread / 2 + 0.5}
    series = [
        profile.make(feature, carriers, bins=4)
        if feature.kind == "category"
        else profile.make_number(feature.name, values[feature.kind], bins=4)
        for feature in chosen
    ]
    if len(classes) > 2:
        names = np.array((classes * 100)[:100], dtype=object)
        series.append(profile.make_category(profile.PREDICTION, names))
    else:
        series.append(profile.make_number(profile.PREDICTION, spread, bins=4))
    return profile.Profile(rows=100, series=series)
