"""Answers from a bundle: cleaning, ONNX Runtime or TensorFlow, action and expected money.

Used wherever a model answers: evaluation, the predictor, replays. Nothing is unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.core import cleaning, payoff, savedmodel, telemetry
from mdlc.core.bundle import ONNX, SAVED_MODEL, Manifest, open_bundle
from mdlc.core.columns import MISSING, Batch, Feature, rows_of
from mdlc.core.errors import ArtifactError, DataError, MdlcError, StageError, closest
from mdlc.core.profile import Profile

PROBED_ROWS = (1, 50)
"""Both shapes of a request: runtimes plan memory by shape, and the first plan is slow."""
Run = Callable[[Batch], npt.NDArray[np.floating]]


@dataclass(frozen=True)
class Answers:
    """What a model says about a batch.

    `scores` is (rows, classes) probabilities, or (rows,) numbers for regression. `actions` names
    what to do about each row (for regression the number to act on, as text is of no use, is in
    `values`). `expected` is the money each action is expected to earn (NaN for regression).
    """

    scores: npt.NDArray[np.floating]
    actions: npt.NDArray[Any]
    values: npt.NDArray[np.floating]
    expected: npt.NDArray[np.floating]


class Scorer:
    """A loaded bundle."""

    def __init__(
        self, manifest: Manifest, profile: Profile, run: Run, *, instead: str = ""
    ) -> None:
        self.manifest = manifest
        self.profile = profile
        self.instead = instead
        """The action that is taken whatever the scores are; "": the one that earns most."""
        self._run = run
        self._dropped = cleaning.dropped(manifest.cleaning)

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0, digest: str | None = None) -> Scorer:
        """Open the bundle in `folder`; `threads` 0 lets the runtime choose.

        `digest` is that of whoever names the bundle.

        Raises:
            ArtifactError: the bundle is missing, half-written, altered, another model, or none that
                a runtime loads.
            StageError: TensorFlow is needed and not installed.
        """
        manifest, profile = open_bundle(folder, digest=digest)
        try:
            if manifest.format == "onnx":
                return cls(manifest, profile, load_onnx(folder / ONNX, threads=threads))
            return cls(manifest, profile, load_saved_model(folder / SAVED_MODEL))
        except MdlcError:
            raise
        except Exception as error:
            # ONNX Runtime and TensorFlow have errors of their own for a file they cannot run.
            raise ArtifactError(
                f"the model in {folder} does not load: {type(error).__name__}",
                hint="run the training again",
            ) from error

    def taking(self, action: str) -> Scorer:
        """Return the same model with another action taken whatever it says; "": its own."""
        return Scorer(self.manifest, self.profile, self._run, instead=action)

    @property
    def classes(self) -> list[str]:
        """Names of the classes; empty for regression."""
        return self.manifest.classes

    def scores(self, batch: Batch) -> npt.NDArray[np.floating]:
        """Return (rows, classes) probabilities, or (rows,) predictions for regression.

        `batch` has raw features; extra columns are left out.

        Raises:
            DataError: a feature is missing.
        """
        for feature in self.manifest.features:
            if feature.name not in batch and feature.name not in self._dropped:
                hint = closest(feature.name, batch)
                raise DataError(f"the feature {feature.name} is missing", hint=hint)
        raw = {f.name: batch[f.name] for f in self.manifest.features if f.name in batch}
        if not rows_of(raw):
            return np.empty((0, len(self.classes)) if self.classes else 0)
        return self._run(cleaning.apply(self.manifest.cleaning, raw))

    def answer(self, batch: Batch) -> Answers:
        """Score a batch and choose the action that earns most."""
        scores = self.scores(batch)
        if self.manifest.task == "regression":
            values = scores + self.manifest.offset
            nothing = np.full(len(values), np.nan)
            return Answers(scores, np.full(len(values), "", dtype=object), values, nothing)
        table = payoff.for_classes(self.manifest.payoff, self.classes)
        expected = table.expected(scores)
        chosen = expected.argmax(axis=1)
        if self.instead in table.actions:
            chosen = np.full(len(chosen), table.actions.index(self.instead))
        actions = np.array(table.actions, dtype=object)[chosen]
        best = np.take_along_axis(expected, chosen[:, None], axis=1)[:, 0]
        return Answers(scores, actions, np.full(len(chosen), np.nan), best)


def probe(scorer: Scorer) -> None:
    """Let a model answer made-up rows: a bundle may be whole and yet hold what answers nothing.

    It also warms the runtime up, which plans memory by the shape of a request.

    Raises:
        ArtifactError: it does not answer, or not finite scores, one for each class.
    """
    classes = len(scorer.classes)
    for rows in PROBED_ROWS:
        try:
            scores = scorer.answer(made_up(scorer.manifest.features, rows=rows)).scores
        except Exception as error:
            raise ArtifactError(
                f"the model does not answer: {type(error).__name__}", hint="run the training again"
            ) from error
        wanted = (rows, classes) if classes else (rows,)
        if scores.shape != wanted or not np.isfinite(scores).all():
            raise ArtifactError(f"the model answers {scores.shape}, not {wanted} finite scores")


def made_up(features: list[Feature], *, rows: int) -> Batch:
    """Return rows of zeros and missing categories."""
    batch: Batch = {}
    for feature in features:
        if feature.kind == "category":
            batch[feature.name] = np.full(rows, MISSING, dtype=object)
        else:
            batch[feature.name] = np.zeros((rows, *(feature.shape or ())), np.float32)
    return batch


def load_onnx(path: Path, *, threads: int = 0) -> Run:
    """Load an ONNX model whose inputs are cleaned features, each (rows, 1) or an image.

    Its output named `scores` is (rows, classes), or (rows, 1) for regression.
    """
    telemetry.switch_off()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors quote values; the exception says what is wrong
    session = onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
    inputs = [item.name for item in session.get_inputs()]

    def run(batch: Batch) -> npt.NDArray[np.floating]:
        feed = {name: _tensor(batch[name]) for name in inputs}
        scores: npt.NDArray[np.floating] = session.run(["scores"], feed)[0]
        return scores[:, 0] if scores.shape[1] == 1 else scores

    return run


def _tensor(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return column[:, None] if column.ndim == 1 else column


def load_saved_model(path: Path) -> Run:
    """Load a TensorFlow SavedModel with the signature serving_default: features -> scores.

    Raises:
        ArtifactError: it has an operation that no model needs to predict.
        StageError: TensorFlow is not installed.
    """
    # TensorFlow tells of every instruction set and missing GPU, straight to the terminal.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow as tf
    except ImportError as error:
        raise StageError(
            "this model is a TensorFlow SavedModel and TensorFlow is not installed",
            hint="install mdlc[deep]",
        ) from error
    savedmodel.check(path)
    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]
    wanted = list(signature.structured_input_signature[1])

    def run(batch: Batch) -> npt.NDArray[np.floating]:
        # Keeps `loaded` alive: its variables go when it does.
        assert loaded is not None  # noqa: S101
        feed = {name: tf.constant(_plain(_tensor(batch[name]))) for name in wanted}
        scores: npt.NDArray[np.floating] = signature(**feed)["scores"].numpy()
        return scores[:, 0] if scores.shape[1] == 1 else scores

    return run


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return column.astype(str) if column.dtype == object else column
