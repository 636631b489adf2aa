"""What exploration writes: exploration.json."""

from __future__ import annotations

from typing import Any

from mdlc.core.cleaning import Decision
from mdlc.core.files import Document


class Box(Document):
    """Five numbers of a box plot, whiskers at Tukey's fences, and what lies beyond."""

    low: float
    q1: float
    median: float
    q3: float
    high: float
    outliers: int
    outlier_ratio: float


class NumberColumn(Document):
    """A number feature on the training rows."""

    name: str
    rows: int
    nulls: int
    distinct: int
    mean: float
    std: float
    minimum: float
    maximum: float
    skewness: float
    kurtosis: float
    normality_p: float | None
    """P-value of D'Agostino and Pearson's test; None with fewer than 20 values."""
    normal: bool
    box: Box
    histogram_edges: list[float]
    histogram_counts: list[int]
    by_class: dict[str, Box] = {}
    """Classification: a box for each class."""
    target_strength: float | None
    """AUC of the column alone, folded to 0.5 to 1; |Spearman's r| for regression."""


class CategoryColumn(Document):
    """A category feature on the training rows."""

    name: str
    rows: int
    nulls: int
    distinct: int
    top: list[tuple[str, int]]
    """At most 20 most frequent values and their rows."""
    target_by_value: dict[str, float] = {}
    """For the top values: share of the rarest class, or mean of the target."""
    target_strength: float | None
    """Cramér's V with the target; for regression the correlation ratio."""


class ImageColumn(Document):
    """An image feature on the training rows."""

    name: str
    rows: int
    shape: tuple[int, int, int]
    mean_image: list[list[float]]
    """(height, width), channels averaged."""
    brightness_edges: list[float]
    brightness_counts: list[int]
    examples: list[tuple[str, list[list[float]]]]
    """At most 20 labels with their image (height, width)."""


class Correlation(Document):
    """Spearman's rank correlations of the number features."""

    names: list[str]
    matrix: list[list[float]]
    variance_inflation: dict[str, float | None]
    """Variance inflation factor; None where infinite."""
    collinear: list[tuple[str, str, float]]


class Exploration(Document):
    """What the training rows look like, and the cleaning that follows from it."""

    rows: int
    target: dict[str, Any]
    """{"kind": "classes", "counts": {...}} or {"kind": "number", "histogram_edges", ...}."""
    numbers: list[NumberColumn]
    categories: list[CategoryColumn]
    images: list[ImageColumn]
    correlation: Correlation | None
    null_sql: str
    """The SQL that removed rows without a target."""
    decisions: list[Decision]
    leaks: list[str] = []
    """Suspected leaks, in words: each stops a promotion until the file says what it is."""
    warnings: list[str]
    """Such as a feature that looks like a leak."""
