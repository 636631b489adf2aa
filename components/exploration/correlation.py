"""How number features move together: Spearman's matrix, variance inflation, collinear pairs.

Sources: C. Spearman (1904), Pearson's correlation of the ranks; variance inflation, 1 / (1 - R^2)
of a feature regressed on the others, is the diagonal of the inverse correlation matrix:
D. W. Marquardt, Technometrics 12 (1970).
"""

from __future__ import annotations

import numpy as np

from mdlc.components.exploration.figures import finite
from mdlc.components.exploration.sample import Matrix, NumberSample
from mdlc.core.documents.exploration_findings import Correlation

INFINITE = 1e6
"""Inflation from which a feature counts as determined by the others (R^2 above 0.999999)."""
SINGULAR = 1e-10
"""Eigenvalues below it are rounding errors of 0."""


def correlate(sample: NumberSample, *, collinear_above: float) -> Correlation | None:
    """Return the correlations of the features that vary; None with fewer than two of them."""
    varying = [i for i in range(len(sample.names)) if _varies(sample.values[:, i])]
    if len(varying) < 2:
        return None
    names = [sample.names[i] for i in varying]
    matrix = pairwise(sample.ranks[:, varying])
    inflation = variance_inflation(sample.values[:, varying])
    pairs = [
        (names[i], names[j], finite(matrix[i, j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(matrix[i, j]) >= collinear_above
    ]
    return Correlation(
        names=names,
        matrix=[[finite(r) for r in line] for line in matrix],
        variance_inflation=dict(zip(names, inflation, strict=True)),
        collinear=sorted(pairs, key=lambda pair: -abs(pair[2])),
    )


def pairwise(values: Matrix) -> Matrix:
    """Return Pearson's correlations (features, features) of `values` (rows, features).

    A pair is correlated on the rows where both are known; 0 if either does not vary in them. On
    ranks this is Spearman's: exact without NULLs, else close, because a column is ranked only once.
    """
    known = ~np.isnan(values)
    mask = known.astype(float)
    filled = np.where(known, standard(values), 0.0)
    counts = mask.T @ mask
    sums, squares = filled.T @ mask, (filled**2).T @ mask
    covariance = counts * (filled.T @ filled) - sums * sums.T
    spread = counts * squares - sums**2
    # Smaller variances are rounding errors of a constant.
    varies = (spread > 1e-9 * counts**2) & (1e-9 * counts**2 < spread.T)
    scale = np.sqrt(np.where(varies, spread * spread.T, 1.0))
    matrix: Matrix = np.where(varies, np.clip(covariance / scale, -1, 1), 0.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def standard(values: Matrix) -> Matrix:
    """Return the columns of `values` (rows, features) with mean 0 and deviation 1; NaN stays.

    A column without a known value, or with one only, becomes 0.
    """
    known = ~np.isnan(values)
    counts = np.maximum(known.sum(axis=0), 1)
    centred = values - np.where(known, values, 0.0).sum(axis=0) / counts
    largest = np.where(known, np.abs(centred), 0.0).max(axis=0, initial=0.0)
    # Divided by the largest first: squares of huge values would overflow, of tiny ones be 0.
    scaled = centred / np.where(largest > 0, largest, 1.0)
    deviation = np.sqrt((np.where(known, scaled, 0.0) ** 2).sum(axis=0) / counts)
    return np.asarray(scaled / np.where(deviation > 0, deviation, 1.0))


def variance_inflation(values: Matrix) -> list[float | None]:
    """Return each feature's factor, from 1 on; None where the others determine it.

    NULLs count as the mean, so that the matrix stays one of correlations (positive semidefinite).
    """
    filled = np.nan_to_num(standard(values), nan=0.0)
    matrix = pairwise(filled)
    eigenvalues, vectors = np.linalg.eigh(matrix)
    factors = (vectors**2 / np.maximum(eigenvalues, SINGULAR)).sum(axis=1)
    return [None if factor > INFINITE else finite(max(factor, 1.0)) for factor in factors]


def _varies(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 1 and bool(known.min() < known.max())
