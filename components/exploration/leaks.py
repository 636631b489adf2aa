"""Features that give the target away: copies of it, near copies, and whatever follows from it.

Such a feature is mostly written down after the decision, and a model that has it looks far better
than it will be. It stops a promotion until a person has said which it is: known only later
(`spec.data.known_later`) or known in time (`spec.explore.allow`).

A feature is cut into groups: its levels where they are few, else tenths or fiftieths of the rows,
and the missing values. What the groups tell is how much of the target is left open within them:

- classes: the share of rows told right by their group's most frequent class, over what the most
  frequent class of all tells (Goodman and Kruskal's lambda, Journal of the American Statistical
  Association 49, 1954). Of a feature with hardly more values than there are classes less is enough,
  for what measures something seldom has so few values: a copy with some errors does.
- numbers: the correlation ratio eta of the target's ranks (K. Pearson, 1905), adjusted for the
  number of groups, which sees through any transformation, or Spearman's r.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.exploration.sample import rank
from mdlc.components.exploration.training_rows import level, usable
from mdlc.core.columns import COPY, KEY, TARGET, Feature

ROWS = 20_000
"""Rows that are looked at."""
FEW = 10
"""With fewer rows of the second most frequent class, or in a group on average, it may be chance."""
TOLD = 0.98
"""Share of what is open that a feature of many values tells, from which on it is suspected."""
TOLD_BY_FEW = 0.9
"""The same of a feature with at most twice as many values as there are classes."""
Ints = npt.NDArray[np.integer]


def suspects(
    table: Any, *, features: Sequence[Feature], regression: bool, above: float
) -> dict[str, float]:
    """Return the features that give the target away, with the share of it that they tell.

    Args:
        table: the training rows.
        features: those that models get.
        regression: whether the target is a number.
        above: AUC or |r| from which on one is suspected, of spec.explore.leak_above.
    """
    plain = [feature for feature in features if feature.kind != "image"]
    # Copies of a row would let any number tell their truth.
    once = table.distinct(on=[COPY], keep="first") if COPY in table.columns else table
    rows = once.order_by([once[KEY].hash(), once[KEY]]).limit(ROWS)
    columns = {
        f.name: usable(rows[f.name]) if f.kind == "number" else level(rows[f.name]) for f in plain
    }
    target = usable(rows[TARGET]) if regression else rows[TARGET]
    arrow = rows.select(**{TARGET: target}, **columns).to_pyarrow()
    truth = arrow.column(TARGET).to_numpy(zero_copy_only=False)
    found = {}
    for feature in plain:
        values = arrow.column(feature.name).to_numpy(zero_copy_only=False)
        number = feature.kind == "number"
        told = (
            _of_number(values, truth, number=number, above=above)
            if regression
            else _of_classes(values, truth, number=number, above=above)
        )
        if told is not None:
            found[feature.name] = told
    return found


def sentences(found: dict[str, float], *, allowed: Iterable[str]) -> list[str]:
    """Say what is suspected and what to do about it; nothing of features that the file allows."""
    known = set(allowed)
    return [
        f"{name} alone tells {told:.1%} of what is open about the target, which looks like a leak. "
        "If it is known only after the decision, list it in spec.data.known_later; if it is known "
        f"when the decision is asked for, in spec.explore.allow: [{name}]"
        for name, told in found.items()
        if name not in known
    ]


def _of_classes(
    values: npt.NDArray[Any], truth: npt.NDArray[Any], *, number: bool, above: float
) -> float | None:
    """Return what a feature tells about classes where that is suspicious, else None."""
    classes, codes, counts = np.unique(truth.astype(str), return_inverse=True, return_counts=True)
    if len(classes) < 2 or np.sort(counts)[-2] < FEW:
        return None
    groups, levels = _groups(values, number=number)
    table = np.zeros((levels, len(classes)))
    np.add.at(table, (groups, codes), 1)
    told = (table.max(axis=1).sum() - counts.max()) / (len(codes) - counts.max())
    if told >= (TOLD_BY_FEW if levels <= 2 * len(classes) else TOLD):
        return float(told)
    if number and len(classes) == 2 and _area(values, codes == 1) > above:
        return max(float(told), 2 * _area(values, codes == 1) - 1)
    return None


def _of_number(
    values: npt.NDArray[Any], truth: npt.NDArray[Any], *, number: bool, above: float
) -> float | None:
    """Return what a feature tells about a number where that is suspicious, else None."""
    known = ~np.isnan(truth.astype(float))
    ranks = rank(truth.astype(float)[:, None])[known, 0]
    rows = len(ranks)
    groups, levels = _groups(values[known], number=number)
    if rows < FEW * levels or levels < 2:
        return None
    sums, counts = np.bincount(groups, ranks), np.bincount(groups)
    within = ((ranks - (sums / np.maximum(counts, 1))[groups]) ** 2).sum() / (rows - levels)
    spread = ranks.var(ddof=1)
    told = float(np.sqrt(max(0.0, 1 - within / spread))) if spread > 0 else 0.0
    if number and not np.isnan(values[known].astype(float)).any():
        own = rank(values[known].astype(float)[:, None])[:, 0]
        told = max(told, abs(float(np.corrcoef(own, ranks)[0, 1])) if own.std() else 0.0)
    return told if told > above else None


def _groups(values: npt.NDArray[Any], *, number: bool) -> tuple[Ints, int]:
    """Return (rows,): the group of each row, and how many groups there are."""
    if number:
        numbers = values.astype(float)
        known = np.unique(numbers[~np.isnan(numbers)])
        if len(known) * FEW > len(numbers):
            most = max(2, min(50, len(numbers) // FEW))
            known = np.unique(np.nanquantile(numbers, np.linspace(0, 1, most + 1)[:-1]))
        groups = np.searchsorted(known, numbers, side="right")
        groups[np.isnan(numbers)] = len(known) + 1
    else:
        groups = np.unique(values.astype(str), return_inverse=True)[1]
        counts = np.bincount(groups)
        # Levels of hardly a row tell its truth by chance: they count as one.
        groups = np.where(counts[groups] * 2 > FEW, groups, len(counts))
    _, groups, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return groups, len(counts)


def _area(values: npt.NDArray[Any], positive: npt.NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve of the known values, folded to 0.5 to 1."""
    numbers = values.astype(float)
    known = ~np.isnan(numbers)
    ones = int((known & positive).sum())
    zeros = int(known.sum()) - ones
    if min(ones, zeros) < FEW:
        return 0.5
    ranks = rank(numbers[:, None])[:, 0]
    area = (ranks[known & positive].sum() - ones * (ones + 1) / 2) / (ones * zeros)
    return float(max(area, 1 - area))
