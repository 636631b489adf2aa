"""What the Keras candidates share: TensorFlow on demand, repeatable training, the loss curve."""

from __future__ import annotations

import contextlib
import functools
import os
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mdlc.components.training import export_savedmodel
from mdlc.components.training.candidates._base import Candidate, Dimension, Fitted, Params
from mdlc.components.training.problem import Floats, Problem, Truth
from mdlc.core.bundle import Format

Array = npt.NDArray[Any]
BATCH = 1024
STEPS = 40
"""Fewest steps in an epoch: with few rows batches are smaller."""
PATIENCE = 3


@functools.cache
def tensorflow(threads: int) -> Any:
    """Import TensorFlow, set to `threads` threads and repeatable operations.

    Raises:
        ImportError: it is not installed; training then refuses the candidate.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    # In a process that has run TensorFlow before (a test, a notebook) threads cannot be changed.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    return tf


class KerasCandidate(Candidate):
    """A Keras network on arrays; `finish` turns its output into scores."""

    trials_divisor = 4
    takes_weights = True
    space: ClassVar[dict[str, Dimension]] = {
        "learning_rate": Dimension(3e-3, 3e-4, 1e-2, log=True, least=1e-8),
        "dropout": Dimension(0.1, 0.0, 0.5),
        "epochs": Dimension(20, least=1),
    }

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.tf = tensorflow(problem.threads)
        numbers = problem.train.truth if problem.task == "regression" else np.zeros(1)
        self.center = float(numbers.mean())
        self.spread = float(numbers.std()) or 1.0
        self.prepare_rows()

    @abstractmethod
    def prepare_rows(self) -> None:
        """Set `train` and `validation`: what the network reads, (rows, ...) float32."""

    train: Array
    validation: Array

    @abstractmethod
    def hidden(self, inputs: Any, params: Params) -> Any:
        """Return the tensor of the last hidden layer."""

    @abstractmethod
    def signature(self) -> tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]:
        """Return the exported inputs by name, and how they become what the network reads."""

    def fit(self, params: Params) -> Fitted:
        """Train until the validation loss has not fallen for PATIENCE epochs; keep the best."""
        keras = self.tf.keras
        keras.utils.set_random_seed(self.problem.seed)
        net = self._build(params)
        history = net.fit(
            self.train,
            self._target(self.problem.train.truth),
            sample_weight=self.problem.train.weights,
            validation_data=(self.validation, self._target(self.problem.validation.truth)),
            epochs=int(params["epochs"]),
            batch_size=min(BATCH, max(16, len(self.train) // STEPS)),
            callbacks=[keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)],
            verbose=0,
        ).history
        curve = {name: [float(x) for x in history[name]] for name in ("loss", "val_loss")}
        return Fitted(
            validated=self._scores(net),
            export=functools.partial(self._export, net=net),
            description=f"{net.count_params()} weights, {len(curve['loss'])} epochs",
            curve=curve,
        )

    def _build(self, params: Params) -> Any:
        keras = self.tf.keras
        classes = self.problem.classes
        inputs = keras.Input(self.train.shape[1:])
        hidden = keras.layers.Dropout(params["dropout"])(self.hidden(inputs, params))
        last = keras.layers.Dense(self.problem.outputs, "softmax" if classes else None)(hidden)
        net = keras.Model(inputs, last)
        net.compile(
            keras.optimizers.Adam(params["learning_rate"]),
            "sparse_categorical_crossentropy" if classes else "mse",
        )
        return net

    def _target(self, truth: Truth) -> Array:
        if self.problem.classes:
            return truth
        return ((truth - self.center) / self.spread).astype(np.float32)

    def _scores(self, net: Any) -> Floats:
        output = net.predict(self.validation, batch_size=4 * BATCH, verbose=0)
        scores: Floats = self._finish(output)
        return scores if self.problem.classes else scores[:, 0]

    def _finish(self, output: Any) -> Any:
        """Return scores for the network's output; a number is learnt in standard deviations."""
        return output if self.problem.classes else output * self.spread + self.center

    def _export(self, folder: Path, *, net: Any) -> Format:
        specs, prepare = self.signature()
        return export_savedmodel.save(
            folder, net=net, specs=specs, prepare=prepare, finish=self._finish
        )
