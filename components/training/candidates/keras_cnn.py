"""A small convolutional network for images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mdlc.components.training.candidates._base import Dimension, Params
from mdlc.components.training.candidates._keras import KerasCandidate
from mdlc.core.errors import StageError
from mdlc.core.model_kind import ModelKind


class KerasCnn(KerasCandidate):
    """Two convolutions with pooling, one dense layer (LeCun et al., Proc. IEEE 1998).

    It reads one image feature; other features are left out, and the description says so.
    """

    about = ModelKind(
        "keras_cnn",
        why="A convolutional network: it sees which pixels are neighbours.",
        images="needed",
        deep=True,
        extra="mdlc[deep]",
    )
    space = {**KerasCandidate.space, "filters": Dimension(16, 8, 32, log=True, least=1)}

    def prepare_rows(self) -> None:
        """Take the one image feature.

        Raises:
            StageError: there is none, or more than one.
        """
        images = [feature for feature in self.problem.features if feature.kind == "image"]
        if len(images) != 1:
            raise StageError(
                f"keras_cnn reads exactly one image feature, and there are {len(images)}",
                hint="see spec.data.image",
            )
        self.image = images[0].name
        self.train = self.problem.train.batch[self.image]
        self.validation = self.problem.validation.batch[self.image]

    def hidden(self, inputs: Any, params: Params) -> Any:
        """Return convolution and pooling twice, then a dense layer."""
        layers, filters = self.tf.keras.layers, int(params["filters"])
        layer = inputs
        for factor in (1, 2):
            layer = layers.Conv2D(factor * filters, 3, padding="same", activation="relu")(layer)
            layer = layers.MaxPooling2D(2, padding="same")(layer)
        return layers.Dense(64, "relu")(layers.Flatten()(layer))

    def signature(self) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]:
        """Return the image as the one input; it goes into the network as it is."""
        shape = [None, *self.train.shape[1:]]
        spec = self.tf.TensorSpec(shape, self.tf.float32, self.image)
        return {self.image: spec}, lambda features: features[self.image]
