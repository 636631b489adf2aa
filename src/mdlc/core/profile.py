"""Bins: what the predictor counts, and the training counts that live ones are compared with.

A profile is a list of binned series, one for each feature and one for the prediction. Numbers fall
into bins by their edges, categories by name; `missing` and, for categories, `other` are bins too.
Names of bins are public, as labels of /metrics: those of a sensitive category are numbers.
Counts add up over replicas and time, so everything computed from them does.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from mdlc.core.columns import MISSING, Feature
from mdlc.core.files import Document

MISSING_BIN, OTHER_BIN = "missing", "other"
PREDICTION = "__prediction"
MAX_CATEGORIES = 30


class BinnedSeries(Document):
    """One binned series: its bins and the counts of the training rows in them."""

    name: str
    kind: Literal["number", "category"]
    edges: list[float] = []
    """Numbers: ascending inner edges; bin i holds edges[i-1] <= x < edges[i]."""
    categories: list[str] = []
    """Categories that have a bin of their own, in the order of their bins."""
    counts: dict[str, int]
    """Training rows in each bin, every bin named, missing (and other) last."""

    @property
    def bins(self) -> list[str]:
        """The names of the bins, in the order that `count` returns."""
        return list(self.counts)


class Profile(Document):
    """The training distribution of every feature and of the prediction."""

    rows: int
    series: list[BinnedSeries]


def make_number(name: str, values: npt.NDArray[np.floating], *, bins: int) -> BinnedSeries:
    """Make a series with edges at the quantiles of `values` (rows,); NaN is missing."""
    known = values[~np.isnan(values)]
    shares = np.linspace(0, 1, bins + 1)[1:-1]
    # Values that occur, not interpolated ones: no bin between two values stays empty.
    quantiles = np.quantile(known, shares, method="higher") if len(known) else []
    edges = [float(edge) for edge in np.unique(np.asarray(quantiles, float))]
    if edges and edges[0] == float(known.min()):
        # Nothing is below the smallest value. If the quantiles say no more than that (a rare 1
        # among zeros), the edge is the next value: else one bin holds all, and no drift shows.
        above = known[known > edges[0]]
        edges = edges[1:] or [float(above.min()) if len(above) else edges[0]]
    names = [str(index) for index in range(len(edges) + 1)]
    empty = BinnedSeries(
        name=name, kind="number", edges=edges, counts=dict.fromkeys([*names, MISSING_BIN], 0)
    )
    return _counted(empty, values)


def make_category(
    name: str, values: npt.NDArray[np.object_], *, sensitive: bool = False
) -> BinnedSeries:
    """Make a series with a bin for each of the most frequent categories of `values` (rows,).

    Its name is "=CATEGORY", or of a `sensitive` series "#0", "#1", ... in `categories`' order.
    """
    known, counts = np.unique(values[values != MISSING].astype(str), return_counts=True)
    kept = sorted(known[np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]].tolist())
    names = [f"#{i}" if sensitive else f"={category}" for i, category in enumerate(kept)]
    empty = BinnedSeries(
        name=name,
        kind="category",
        categories=kept,
        counts=dict.fromkeys([*names, OTHER_BIN, MISSING_BIN], 0),
    )
    return _counted(empty, values)


def make(feature: Feature, values: npt.NDArray[np.generic], *, bins: int) -> BinnedSeries:
    """Make the series of a feature; an image is summarized by its mean brightness."""
    if feature.kind == "category":
        texts = np.asarray(values, object)
        return make_category(feature.name, texts, sensitive=feature.sensitive)
    return make_number(feature.name, summarize(values), bins=bins)


def summarize(values: npt.NDArray[np.generic]) -> npt.NDArray[np.floating]:
    """Return one number for each row: the value itself, or the mean of an image."""
    numbers = np.asarray(values, float)
    return numbers if numbers.ndim == 1 else numbers.mean(axis=tuple(range(1, numbers.ndim)))


def count(series: BinnedSeries, values: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Count `values` (rows,) or images into the series' bins: (bins,), in the order of `bins`."""
    size = len(series.counts)
    if series.kind == "number":
        numbers = summarize(values)
        index = np.searchsorted(np.asarray(series.edges), numbers, side="right")
        index[np.isnan(numbers)] = size - 1
    else:
        positions = {category: i for i, category in enumerate(series.categories)}
        positions[MISSING] = size - 1
        other = size - 2
        index = np.array([positions.get(str(value), other) for value in values], dtype=np.int64)
    return np.bincount(index, minlength=size).astype(np.int64)


def _counted(series: BinnedSeries, values: npt.NDArray[np.generic]) -> BinnedSeries:
    counts = count(series, values).tolist()
    return series.model_copy(update={"counts": dict(zip(series.bins, counts, strict=True))})
