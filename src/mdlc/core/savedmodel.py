"""Looks at a TensorFlow SavedModel before it is loaded: it is a program, and may write files.

A graph can read and write files, print into them and call Python. So every operation of every
function in it has to be listed here: arithmetic, shapes, texts, variables. What saves and restores
variables is in every SavedModel; it is taken only where TensorFlow itself put it, in the two
functions that the saver names and nothing else calls. (TensorFlow's own advice: SECURITY.md, "treat
models as programs".)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdlc.core.errors import ArtifactError, shortened

FILE = "saved_model.pb"
OTHERS = ("saved_model.pbtxt", "saved_model.cpb")
"""Forms that TensorFlow reads, too, where the first is missing."""
MAX_BYTES = 2**30
OPERATIONS = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AsString Assert AssignVariableOp AvgPool BatchMatMul
    BatchMatMulV2 BatchMatMulV3 BiasAdd BroadcastArgs BroadcastTo Cast Ceil ClipByValue Concat
    ConcatV2 Const Conv2D Cos Cumsum DepthwiseConv2dNative DisableCopyOnRead DivNoNan Einsum Elu
    EnsureShape Equal Erf Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod FusedBatchNorm
    FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual Identity
    IdentityN IsFinite IsInf IsNan LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd
    LogicalNot LogicalOr MatMul Max MaxPool Maximum Mean Min Minimum Mul MulNoNan Neg NoOp NotEqual
    OneHot OnesLike Pack Pad PadV2 PartitionedCall Placeholder PlaceholderWithDefault Pow
    PreventGradient Prod Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ReverseV2
    Round Rsqrt Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice Softmax Softplus
    Softsign Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall
    StopGradient StridedSlice StringLower StringStrip StringUpper Sub Sum Tanh Tile TopKV2
    Transpose Unpack VarHandleOp VarIsInitializedOp Where Xdivy Xlogy ZerosLike
    """.split()  # noqa: SIM905 - names, to be read
)
SAVING = frozenset(
    "MergeV2Checkpoints RestoreV2 SaveV2 ShardedFilename StaticRegexFullMatch StringJoin".split()  # noqa: SIM905
)
"""Of the saver's own two functions; nobody calls these to predict."""


def check(folder: Path) -> None:
    """Refuse a SavedModel with an operation that is not listed.

    Raises:
        ArtifactError: it has one, it is not one file that can be read, or it is too large.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / FILE
    if not path.is_file() or any((folder / other).exists() for other in OTHERS):
        raise ArtifactError(f"{folder} is not a SavedModel with {FILE} alone")
    if path.stat().st_size > MAX_BYTES:
        raise ArtifactError(f"{path} has {path.stat().st_size} bytes; at most {MAX_BYTES}")
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ArtifactError(f"{path} is not a SavedModel") from error
    for graph in model.meta_graphs:
        for operation in sorted(_unlisted(graph)):
            raise ArtifactError(
                f"{folder} has the operation {shortened(operation, 60)}, which no model needs to"
                " predict",
                hint="docs/security.md says which are taken; train the model again with mdlc",
            )


def _unlisted(graph: Any) -> Iterator[str]:
    """Yield the operations of a graph and its functions that are not to be run."""
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    savers = _savers(graph)
    for node in graph.graph_def.node:
        if node.op not in OPERATIONS and node.op not in functions:
            yield node.op
    for name, function in functions.items():
        listed = OPERATIONS | SAVING if name in savers else OPERATIONS
        for node in function.node_def:
            if node.op not in listed and node.op not in functions:
                yield node.op


def _savers(graph: Any) -> set[str]:
    """Return the functions that only the saver's two nodes call."""
    named = {
        graph.saver_def.save_tensor_name.partition(":")[0],
        graph.saver_def.restore_op_name.partition(":")[0],
    } - {""}
    own: set[str] = set()
    others = set(graph.object_graph_def.concrete_functions)
    for node in graph.graph_def.node:
        (own if node.name in named else others).update(_called(node))
    for function in graph.graph_def.library.function:
        for node in function.node_def:
            others.update(_called(node))
    return own - others


def _called(node: Any) -> Iterator[str]:
    """Yield the functions that a node calls: by its name, or in its attributes."""
    yield node.op
    for value in node.attr.values():
        yield value.func.name
        for function in value.list.func:
            yield function.name
