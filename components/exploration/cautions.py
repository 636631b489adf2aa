"""Warnings about what exploration does not correct, and a person should look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mdlc.components.exploration.figures import percent
from mdlc.core.documents.exploration_findings import CategoryColumn, NumberColumn

IMBALANCE = 0.1
"""Share of the rarest class, against equal shares, below which classes are badly out of balance:
5% of two classes, 1% of ten."""
WEAK_AUC, WEAK_R = 0.505, 0.01
"""Strengths up to these count as none."""
HEAVY_KURTOSIS = 10.0
"""Excess kurtosis above it is a heavy tail; an exponential distribution has 6."""
LISTED = 10

Column = NumberColumn | CategoryColumn


def leaks(columns: Sequence[Column], *, above: float) -> list[str]:
    """Warn of each feature that alone predicts the target almost perfectly."""
    return [
        f"{column.name} alone nearly tells the target (strength {column.target_strength:.4f}, "
        f"above leak_above {above:g}): if it is known only afterwards, list it in known_later"
        for column in columns
        if column.target_strength is not None and column.target_strength > above
    ]


def imbalance(counts: Mapping[str, int]) -> list[str]:
    """Warn if one class of `counts` (class -> training rows) is much rarer than an equal share."""
    rows = sum(counts.values())
    if len(counts) < 2:
        return [f"the training rows have {len(counts)} class only: nothing can be learned"]
    rarest = min(counts, key=lambda name: counts[name])
    share = counts[rarest] / rows
    if share >= IMBALANCE / len(counts):
        return []
    return [
        f"heavy class imbalance: {rarest} is {percent(share)} of the training rows "
        f"({counts[rarest]} of {rows}); judge by money or log loss, not by accuracy"
    ]


def weak(columns: Sequence[Column], *, regression: bool) -> list[str]:
    """Name, in one warning, the features that alone say almost nothing."""
    names = [
        column.name
        for column in columns
        if column.target_strength is not None
        and column.target_strength <= _weak_limit(column, regression=regression)
    ]
    if not names:
        return []
    return [
        f"each on its own says almost nothing about the target: {_list(names)}; "
        "together with others they still may"
    ]


def _weak_limit(column: Column, *, regression: bool) -> float:
    return WEAK_R if regression or isinstance(column, CategoryColumn) else WEAK_AUC


def heavy_tails(columns: Sequence[NumberColumn]) -> list[str]:
    """Name, in one warning, the features whose tails are far heavier than a normal one's."""
    names = [
        f"{column.name} ({column.kurtosis:.3g})"
        for column in columns
        if not column.normal and column.distinct > 2 and column.kurtosis > HEAVY_KURTOSIS
    ]
    if not names:
        return []
    return [
        f"not normal, with heavy tails (excess kurtosis above {HEAVY_KURTOSIS:g}): {_list(names)}; "
        "linear models and networks may want a logarithm"
    ]


def unusable(counts: Mapping[str, int]) -> list[str]:
    """Warn of infinite values, and of ones that float32 cannot hold, by feature."""
    return [
        f"{name} has {rows} values that are infinite or beyond float32 (3.4e38): they are left out "
        "of the statistics here, and a model sees infinity unless the feature is clipped"
        for name, rows in counts.items()
    ]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
