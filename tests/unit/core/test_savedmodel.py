"""A SavedModel with an operation that no model needs is refused before any of it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdlc.core import savedmodel
from mdlc.core.errors import ArtifactError
from mdlc.core.scorer import load_saved_model

tf: Any = pytest.importorskip("tensorflow")


def save(folder: Path, body) -> Path:
    """Write a SavedModel whose serving function computes `body` of its input, besides doubling."""

    class Model(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, "x")])
        def serve(self, x):
            with tf.control_dependencies([body(x)]):
                return {"scores": tf.identity(tf.concat([x, self.weight * x], axis=1))}

    model = Model()
    tf.saved_model.save(model, str(folder), signatures={"serving_default": model.serve})
    return folder


def test_an_honest_one_is_loaded(tmp_path: Path) -> None:
    import numpy as np

    run = load_saved_model(save(tmp_path / "m", tf.reduce_sum))
    assert run({"x": np.array([3.0], np.float32)}).tolist() == [[3.0, 6.0]]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("WriteFile", lambda _: tf.io.write_file("{out}", "hi")),
        ("ReadFile", lambda _: tf.io.read_file("/etc/passwd")),
        ("MatchingFiles", lambda _: tf.io.matching_files("/*")),
        ("PrintV2", lambda x: tf.print(x, output_stream="file://{out}")),
        ("SaveV2", lambda x: tf.raw_ops.SaveV2(
            prefix="{out}", tensor_names=["x"], shape_and_slices=[""], tensors=[x])),
        ("RestoreV2", lambda _: tf.raw_ops.RestoreV2(
            prefix="/etc/passwd", tensor_names=["x"], shape_and_slices=[""],
            dtypes=[tf.float32])[0]),
        ("EagerPyFunc", lambda x: tf.py_function(lambda y: y, [x], tf.float32)),
        ("WriteFile", lambda x: tf.cond(
            tf.reduce_sum(x) > 0, lambda: tf.io.write_file("{out}", "hi"), tf.no_op)),
    ],
)  # fmt: skip
def test_a_hostile_one_is_refused_and_does_nothing(tmp_path: Path, operation: str, body) -> None:
    before = set(Path.cwd().iterdir())
    folder = save(tmp_path / "m", body)
    with pytest.raises(ArtifactError, match=f"has the operation (Stateless)?(If|{operation})"):
        load_saved_model(folder)
    assert set(Path.cwd().iterdir()) == before


def test_what_is_no_savedmodel_is_one_line(tmp_path: Path) -> None:
    for content in (None, b"\xff" * 100):
        if content is not None:
            (tmp_path / savedmodel.FILE).write_bytes(content)
        with pytest.raises(ArtifactError, match="is not a SavedModel"):
            savedmodel.check(tmp_path)
    (tmp_path / savedmodel.FILE).write_bytes(b"")
    (tmp_path / "saved_model.pbtxt").write_text("")
    with pytest.raises(ArtifactError, match="alone"):
        savedmodel.check(tmp_path)
