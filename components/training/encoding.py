"""Encodes a cleaned batch as one matrix; fitted once for each candidate.

The same three steps run in numpy here, as ONNX nodes in export_onnx.py and as TensorFlow operations
in export_savedmodel.py, all in float32 and in the same order, so that they agree to the last bit:

1. numbers: missing becomes the training median; optionally (x - mean) / standard deviation;
2. images: flattened;
3. categories: one-hot over the training categories. Missing ("") is a category where it was seen;
   a category never seen is a row of zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mdlc.core.columns import Batch, Feature

Matrix = npt.NDArray[np.float32]
MAX_CATEGORIES = 256
"""Rarer categories count as unseen: their columns would only add noise and take memory."""


@dataclass(frozen=True)
class Encoder:
    """What was learnt about the features of the training rows."""

    numbers: list[str]
    fill: Matrix
    """(numbers,): replaces missing values; NaN if the model handles missing values itself."""
    center: Matrix
    """(numbers,)"""
    spread: Matrix
    """(numbers,): never 0."""
    images: dict[str, tuple[int, int, int]]
    categories: dict[str, list[str]]

    @property
    def scaled(self) -> bool:
        """Whether numbers are centred and scaled."""
        return bool((self.center != 0).any() or (self.spread != 1).any())

    @property
    def owners(self) -> list[str]:
        """The feature that each column of the matrix comes from."""
        owners = list(self.numbers)
        for name, shape in self.images.items():
            owners += [name] * int(np.prod(shape))
        for name, levels in self.categories.items():
            owners += [name] * len(levels)
        return owners

    @property
    def questions(self) -> list[str]:
        """What each column of the matrix means, in words."""
        words = list(self.numbers)
        for name, shape in self.images.items():
            words += [f"value {i} of {name}" for i in range(int(np.prod(shape)))]
        for name, levels in self.categories.items():
            words += [f"{name} is {level or 'missing'}" for level in levels]
        return words

    def matrix(self, batch: Batch) -> Matrix:
        """Return (rows, columns) float32."""
        parts: list[Matrix] = []
        if self.numbers:
            stacked = np.stack([batch[name] for name in self.numbers], axis=1).astype(np.float32)
            filled = np.where(np.isnan(stacked), self.fill, stacked)
            parts.append((filled - self.center) / self.spread if self.scaled else filled)
        parts += [batch[name].reshape(len(batch[name]), -1) for name in self.images]
        parts += [_one_hot(batch[name], levels) for name, levels in self.categories.items()]
        return np.concatenate(parts, axis=1, dtype=np.float32)


def fit(
    features: Sequence[Feature], batch: Batch, *, scale: bool = False, keep_missing: bool = False
) -> Encoder:
    """Learn medians, scales and categories from training rows.

    With `keep_missing` a number with missing values in training keeps them as NaN, for models that
    learn from them. A number without any is still filled, because the model could not learn that.
    """
    names = [feature.name for feature in features if feature.kind == "number"]
    columns = [batch[name][~np.isnan(batch[name])].astype(np.float64) for name in names]
    fill = np.array([np.median(known) if len(known) else 0 for known in columns], np.float32)
    center = np.array([known.mean() if len(known) else 0 for known in columns], np.float32)
    spread = np.array([known.std() if len(known) else 0 for known in columns], np.float32)
    spread[(spread == 0) | ~np.isfinite(spread)] = 1
    if keep_missing:
        fill[[bool(np.isnan(batch[name]).any()) for name in names]] = np.nan
    return Encoder(
        numbers=names,
        fill=fill,
        center=center if scale else np.zeros_like(center),
        spread=spread if scale else np.ones_like(spread),
        images={f.name: f.shape or (0, 0, 0) for f in features if f.kind == "image"},
        categories={f.name: _levels(batch[f.name]) for f in features if f.kind == "category"},
    )


def _levels(column: npt.NDArray[np.object_]) -> list[str]:
    levels, counts = np.unique(column.astype(str), return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]
    return sorted(str(level) for level in levels[frequent])


def _one_hot(column: npt.NDArray[np.object_], levels: list[str]) -> Matrix:
    known = np.array(levels)
    text = column.astype(str)
    position = np.minimum(np.searchsorted(known, text), len(levels) - 1)
    hot = np.zeros((len(text), len(levels)), np.float32)
    hot[np.arange(len(text)), position] = known[position] == text
    return hot
