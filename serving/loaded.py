"""From the pointer file to a model that is warm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mdlc.core.columns import MISSING, Batch, Feature
from mdlc.core.documents.serving import Pointer
from mdlc.core.errors import ArtifactError
from mdlc.core.files import read_document
from mdlc.core.scorer import Scorer
from mdlc.serving.rows import Reader

WARM_ROWS = (1, 50)
"""Both shapes of a request: runtimes plan memory by shape, and the first plan is slow."""


@dataclass(frozen=True)
class Loaded:
    """One version of the model with all that answers need; never changed, only replaced."""

    pointer: Pointer
    scorer: Scorer
    reader: Reader
    digest: str

    @property
    def version(self) -> str:
        """The version that the pointer names."""
        return self.pointer.version


def load(pointer_file: Path, *, max_rows: int, threads: int = 0) -> Loaded:
    """Read the pointer, load its bundle, and score made-up rows with it.

    Raises:
        ArtifactError: pointer or bundle is missing, altered, another one than the pointer says, or
            does not answer.
        StageError: TensorFlow is needed and not installed.
    """
    try:
        pointer = read_document(pointer_file, Pointer)
        folder = pointer_file.parent / pointer.bundle
        scorer = Scorer.load(folder, threads=threads)
        digest = scorer.manifest.digest
        if digest != pointer.digest:
            raise ArtifactError(f"{folder} is another model than {pointer_file.name} says")
        _warm(scorer)
    except Exception as error:
        # ONNX Runtime and TensorFlow have errors of their own for a file they cannot run.
        if type(error).__module__.startswith("mdlc."):
            raise
        raise ArtifactError(
            f"the model of {pointer_file} does not load: {type(error).__name__}"
        ) from error
    return Loaded(pointer, scorer, Reader(scorer.manifest, max_rows=max_rows), digest)


def _warm(scorer: Scorer) -> None:
    classes = len(scorer.classes)
    for rows in WARM_ROWS:
        scores = scorer.answer(made_up(scorer.manifest.features, rows=rows)).scores
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
