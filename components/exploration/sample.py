"""A sample of training rows in memory, for statistics that SQL cannot compute cheaply: ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.exploration.training_rows import usable
from mdlc.core.columns import KEY, TARGET

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NumberSample:
    """Number features of some rows.

    `values` is (rows, features) with NaN for missing, `ranks` the same with each column's values
    replaced by their average rank from 1 on, `target` (rows,) text or, for regression, double.
    """

    names: list[str]
    values: Matrix
    ranks: Matrix
    target: npt.NDArray[Any]

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """Return the values of one feature, (rows,)."""
        found: npt.NDArray[np.float64] = self.values[:, self.names.index(name)]
        return found


def draw(table: Any, *, names: list[str], rows: int, limit: int, regression: bool) -> NumberSample:
    """Take `limit` of the table's `rows`, the same ones each time: those whose key hashes lowest.

    If there are at most `limit` rows, it is all of them.
    """
    chosen = table.order_by([table[KEY].hash(), table[KEY]]).limit(limit) if rows > limit else table
    target = usable(chosen[TARGET]) if regression else chosen[TARGET]
    columns = {name: usable(chosen[name]) for name in names}
    arrow = chosen.select(**{TARGET: target}, **columns).to_pyarrow()
    values = np.empty((arrow.num_rows, len(names)))
    for index, name in enumerate(names):
        values[:, index] = arrow.column(name).to_numpy(zero_copy_only=False)
    return NumberSample(
        names, values, rank(values), arrow.column(TARGET).to_numpy(zero_copy_only=False)
    )


def rank(values: Matrix) -> Matrix:
    """Return average ranks from 1 on down each column of `values` (rows, features); NaN stays."""
    ranks = np.full(values.shape, np.nan)
    for index in range(values.shape[1]):
        known = ~np.isnan(values[:, index])
        _, place, counts = np.unique(values[known, index], return_inverse=True, return_counts=True)
        last = counts.cumsum()
        ranks[known, index] = (last - (counts - 1) / 2)[place]
    return ranks
