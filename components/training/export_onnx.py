"""Models as ONNX: encoding and model in one graph, from features to `scores`.

The graph has one input a feature ((rows, 1) float32 or string, images (rows, height, width,
channels)) and the output `scores`. Operators: https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.training.encoding import Encoder
from mdlc.core.bundle import ONNX, Format

OPSETS = {"": 18, "ai.onnx.ml": 3}
LIGHTGBM_OPSET = 15
"""The newest that onnxmltools 1.16 writes; the operators used here are the same in 18."""
IR_VERSION = 10
ENCODED, SCORES = "/encoded", "scores"


class Graph:
    """Builds an ONNX graph node by node. Inner names start with /, so no feature has one."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._constants: list[Any] = []

    def input(self, name: str, *, shape: tuple[int, ...] = (1,), text: bool = False) -> str:
        """Add an input of (rows, *shape)."""
        from onnx import TensorProto, helper

        kind = TensorProto.STRING if text else TensorProto.FLOAT
        self._inputs.append(helper.make_tensor_value_info(name, kind, [None, *shape]))
        return name

    def constant(self, value: npt.NDArray[Any]) -> str:
        """Add a constant and return its name."""
        from onnx import numpy_helper

        name = f"/constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def node(self, operator: str, *inputs: str, to: str = "", ml: bool = False, **keys: Any) -> str:
        """Add a node with one output and return the output's name."""
        from onnx import helper

        to = to or f"/node{len(self._nodes)}"
        domain = "ai.onnx.ml" if ml else ""
        self._nodes.append(helper.make_node(operator, list(inputs), [to], domain=domain, **keys))
        return to

    def model(self, model: Any) -> None:
        """Add a converted model that reads ENCODED; its last output becomes SCORES.

        A classifier's first output, the label, is left out: decisions use scores and the payoff.
        """
        graph = model.graph
        names = {graph.input[0].name: ENCODED, graph.output[-1].name: SCORES}
        for constant in graph.initializer:
            names[constant.name] = f"/model/{constant.name}"
            constant.name = names[constant.name]
            self._constants.append(constant)
        for node in _needed(list(graph.node), graph.output[-1].name):
            for group in (node.input, node.output):
                group[:] = [names.get(name, f"/model/{name}" if name else "") for name in group]
            node.name = ""
            self._nodes.append(node)

    def save(self, folder: Path, *, columns: int) -> Format:
        """Check the graph and write it; SCORES is (rows, columns)."""
        import onnx
        from onnx import TensorProto, helper

        output = helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [None, columns])
        graph = helper.make_graph(
            self._nodes, "mdlc", self._inputs, [output], initializer=self._constants
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        (folder / ONNX).write_bytes(model.SerializeToString(deterministic=True))
        return "onnx"


def _needed(nodes: list[Any], output: str) -> list[Any]:
    """Return the nodes that `output` depends on, in their order."""
    wanted = {output}
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
            kept.append(node)
    return kept[::-1]


def encode(graph: Graph, encoder: Encoder) -> None:
    """Add the encoder's steps; their result is ENCODED, (rows, columns)."""
    parts = []
    if encoder.numbers:
        inputs = [graph.input(name) for name in encoder.numbers]
        stacked = graph.node("Concat", *inputs, axis=1)
        missing = graph.node("IsNaN", stacked)
        numbers = graph.node("Where", missing, graph.constant(encoder.fill), stacked)
        if encoder.scaled:
            centred = graph.node("Sub", numbers, graph.constant(encoder.center))
            numbers = graph.node("Div", centred, graph.constant(encoder.spread))
        parts.append(numbers)
    for name, shape in encoder.images.items():
        flat = graph.constant(np.array([-1, int(np.prod(shape))], np.int64))
        parts.append(graph.node("Reshape", graph.input(name, shape=shape), flat))
    for name, levels in encoder.categories.items():
        text = graph.input(name, text=True)
        hot = graph.node("OneHotEncoder", text, ml=True, cats_strings=levels, zeros=1)
        flat = graph.constant(np.array([-1, len(levels)], np.int64))
        parts.append(graph.node("Reshape", hot, flat))
    graph.node("Concat", *parts, axis=1, to=ENCODED)


def save_sklearn(folder: Path, encoder: Encoder, *, model: Any, columns: int) -> Format:
    """Write a scikit-learn model that was trained on the encoder's matrix.

    Raises whatever skl2onnx raises about a model that it cannot convert.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    converted = convert_sklearn(
        model,
        name="model",
        initial_types=[("encoded", FloatTensorType([None, len(encoder.owners)]))],
        options=options,
        target_opset=OPSETS,
    )
    return _save(folder, encoder, converted=converted, columns=columns)


def save_lightgbm(folder: Path, encoder: Encoder, *, booster: Any, columns: int) -> Format:
    """Write a LightGBM booster that was trained on the encoder's matrix."""
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    converted = convert_lightgbm(
        floor_thresholds(booster),
        name="model",
        initial_types=[("encoded", FloatTensorType([None, len(encoder.owners)]))],
        target_opset=LIGHTGBM_OPSET,
        zipmap=False,
    )
    return _save(folder, encoder, converted=converted, columns=columns)


def floor_thresholds(booster: Any) -> Any:
    """Return a copy of a booster with each threshold lowered to a float32.

    ONNX keeps thresholds as float32. A threshold between two neighbouring values could be rounded
    up to the upper one, and rows with that value would take the other branch. Every x is a float32
    itself, so x <= t and x <= (largest float32 not above t) give the same answer.
    """
    import lightgbm

    lines = []
    for line in booster.model_to_string().splitlines():
        name, _, values = line.partition("=")
        if name == "tree_sizes":
            continue  # Sizes in bytes, which change; without them LightGBM finds the trees itself.
        lines.append(f"threshold={_floored(values)}" if name == "threshold" else line)
    return lightgbm.Booster(model_str="\n".join(lines) + "\n")


def _floored(values: str) -> str:
    return " ".join(_floor(float(value)) for value in values.split())


def _floor(value: float) -> str:
    near = np.float32(value)
    # numpy would round a bare `value` to float32 before comparing, and find them equal.
    above = float(near) > value
    return repr(float(np.nextafter(near, np.float32(-np.inf)) if above else near))


def _save(folder: Path, encoder: Encoder, *, converted: Any, columns: int) -> Format:
    graph = Graph()
    encode(graph, encoder)
    graph.model(converted)
    return graph.save(folder, columns=columns)
