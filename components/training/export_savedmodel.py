"""Models as TensorFlow SavedModels: encoding and network behind one signature.

The signature serving_default has one input a feature ((rows, 1) float32 or string, images (rows,
height, width, channels)) and the output `scores`. See https://www.tensorflow.org/guide/saved_model
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mdlc.components.training.encoding import Encoder
from mdlc.core.bundle import SAVED_MODEL, Format

Tensors = dict[str, Any]


def save(
    folder: Path, *, net: Any, specs: Tensors, prepare: Callable[[Tensors], Any], finish: Any
) -> Format:
    """Write finish(net(prepare(features))) as a SavedModel; `specs` are its inputs by name."""
    import tensorflow as tf

    module = tf.Module()
    module.net = net

    @tf.function  # type: ignore[untyped-decorator, unused-ignore]
    def serve(**features: Any) -> Tensors:
        return {"scores": finish(net(prepare(features), training=False))}

    signature = serve.get_concrete_function(**specs)
    tf.saved_model.save(
        module, str(folder / SAVED_MODEL), signatures={"serving_default": signature}
    )
    return "savedmodel"


def specs_of(encoder: Encoder) -> Tensors:
    """Return the inputs that an encoder needs."""
    import tensorflow as tf

    numbers = {name: tf.TensorSpec([None, 1], tf.float32, name) for name in encoder.numbers}
    images = {n: tf.TensorSpec([None, *s], tf.float32, n) for n, s in encoder.images.items()}
    texts = {name: tf.TensorSpec([None, 1], tf.string, name) for name in encoder.categories}
    return {**numbers, **images, **texts}


def encode(encoder: Encoder, features: Tensors) -> Any:
    """Return the encoder's matrix (rows, columns): its steps as TensorFlow operations."""
    import tensorflow as tf

    parts = []
    if encoder.numbers:
        stacked = tf.concat([features[name] for name in encoder.numbers], axis=1)
        filled = tf.where(tf.math.is_nan(stacked), encoder.fill, stacked)
        parts.append((filled - encoder.center) / encoder.spread)
    for name, shape in encoder.images.items():
        parts.append(tf.reshape(features[name], [-1, shape[0] * shape[1] * shape[2]]))
    for name, levels in encoder.categories.items():
        # (rows, 1) == (levels,) is one-hot without a table: tables are resources that a
        # SavedModel has to track, and a comparison with some hundred texts costs nothing.
        parts.append(tf.cast(tf.equal(features[name], tf.constant(levels)), tf.float32))
    return tf.concat(parts, axis=1)
