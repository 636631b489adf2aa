"""A multi-layer perceptron on tables; the encoding of numbers and texts is inside its graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mdlc.components.training import encoding, export_savedmodel
from mdlc.components.training.candidates._base import Dimension, Params
from mdlc.components.training.candidates._keras import KerasCandidate
from mdlc.core.model_kind import ModelKind


class KerasMlp(KerasCandidate):
    """Two dense layers on the scaled, one-hot matrix (Goodfellow et al., Deep Learning, ch. 6).

    A dense layer on a one-hot column is an embedding of the category.
    """

    about = ModelKind(
        "keras_mlp",
        why="A deep network on tables, with learned vectors for categories.",
        images="refused",
        deep=True,
        # Grinsztajn, Oyallon and Varoquaux, Why do tree-based models still outperform deep learning
        # on tabular data? NeurIPS 2022: on small tables networks lose, and take longest.
        least_rows=2000,
        extra="mdlc[deep]",
    )
    space = {**KerasCandidate.space, "units": Dimension(64, 16, 128, log=True, least=1)}

    def prepare_rows(self) -> None:
        """Encode the rows once; the network then trains on a matrix, not on texts."""
        problem = self.problem
        self.encoder = encoding.fit(problem.features, problem.train.batch, scale=True)
        self.train = self.encoder.matrix(problem.train.batch)
        self.validation = self.encoder.matrix(problem.validation.batch)

    def hidden(self, inputs: Any, params: Params) -> Any:
        """Return two dense layers, the second half as wide."""
        layers, units = self.tf.keras.layers, int(params["units"])
        first = layers.Dense(units, "relu")(inputs)
        return layers.Dense(max(1, units // 2), "relu")(first)

    def signature(self) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]:
        """Return all features, and the encoder as TensorFlow operations."""
        return export_savedmodel.specs_of(self.encoder), partial(
            export_savedmodel.encode, self.encoder
        )
