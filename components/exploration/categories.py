"""Describes category features: their levels, the most frequent ones, and the target for each."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from mdlc.components.exploration import strength
from mdlc.components.exploration.figures import finite
from mdlc.components.exploration.training_rows import (
    EXACT_CELLS,
    NAME,
    VALUE,
    distinct,
    fetch,
    long_categories,
    usable,
)
from mdlc.core.columns import MISSING, TARGET
from mdlc.core.documents.exploration_findings import CategoryColumn

TOP = 20
SENSITIVE = "(sensitive)"
"""Stands in for every value of a sensitive column."""


def describe(
    table: Any,
    *,
    names: list[str],
    rows: int,
    rarest: str | None,
    max_categories: int,
) -> list[CategoryColumn]:
    """Describe category features; `rarest` is the rarest class, None for regression.

    The strength of features with more than `max_categories` levels is not computed: they are
    dropped, and their table of counts may be as large as the data.
    """
    if not names:
        return []
    target = usable(table[TARGET]) if rarest is None else table[TARGET]
    relevant = table.mutate(**{TARGET: target})
    long = long_categories(relevant, names, keep=(TARGET,))
    basics = {
        line[NAME]: line for line in fetch(_basics(long, exact=rows * len(names) <= EXACT_CELLS))
    }
    top: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in fetch(_top(long, rarest=rarest)):
        top[line[NAME]].append(line)
    narrow = [name for name in names if basics[name]["distinct"] <= max_categories]
    kept = long_categories(relevant, narrow, keep=(TARGET,)) if narrow else None
    strengths = _strengths(kept, regression=rarest is None)
    return [
        _column(
            name,
            basics=basics[name],
            top=top[name],
            strength=strengths.get(name),
        )
        for name in names
    ]


def hide(column: CategoryColumn) -> CategoryColumn:
    """Return a sensitive column without its values; counts and statistics stay."""
    top = [(SENSITIVE, rows) for _, rows in column.top]
    return column.model_copy(update={"top": top, "target_by_value": {}})


def _basics(long: Any, *, exact: bool) -> Any:
    value = long[VALUE].nullif(MISSING)
    return long.group_by(NAME).agg(
        rows=long.count(), nulls=value.isnull().sum(), distinct=distinct(value, exact=exact)
    )


def _top(long: Any, *, rarest: str | None) -> Any:
    """Return the most frequent levels of each feature, and the target's mean or share there."""
    import ibis

    known = long.filter(long[VALUE] != MISSING)
    shown = known[TARGET] if rarest is None else (known[TARGET] == rarest).cast("float64")
    levels = known.group_by([NAME, VALUE]).agg(rows=known.count(), shown=shown.mean())
    order = ibis.window(group_by=NAME, order_by=[ibis.desc("rows"), VALUE])
    ranked = levels.mutate(place=ibis.row_number().over(order))
    return ranked.filter(ranked["place"] < TOP).order_by([NAME, "place"])


def _strengths(long: Any, *, regression: bool) -> dict[str, float | None]:
    """Return each feature's strength; missing is a level, as it will be for the model."""
    if long is None:
        return {}
    if regression:
        known = long.filter(long[TARGET].notnull())
        query = known.group_by([NAME, VALUE]).agg(
            rows=known.count(), mean=known[TARGET].mean(), variance=known[TARGET].var(how="pop")
        )
        parts: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for line in fetch(query.order_by([NAME, VALUE])):
            parts[line[NAME]].append((line["rows"], line["mean"], line["variance"]))
        return {
            name: strength.correlation_ratio(*np.array(part, float).T)
            for name, part in parts.items()
        }
    counts: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for line in fetch(long.group_by([NAME, VALUE, TARGET]).agg(rows=long.count())):
        counts[line[NAME]][line[VALUE], line[TARGET]] = line["rows"]
    return {name: strength.cramers_v(_contingency(cells)) for name, cells in counts.items()}


def _contingency(cells: dict[tuple[str, str], int]) -> strength.Floats:
    levels = {level: i for i, level in enumerate(sorted({level for level, _ in cells}))}
    classes = {name: i for i, name in enumerate(sorted({name for _, name in cells}))}
    table = np.zeros((len(levels), len(classes)))
    for (level, name), rows in cells.items():
        table[levels[level], classes[name]] = rows
    return table


def _column(
    name: str,
    *,
    basics: dict[str, Any],
    top: list[dict[str, Any]],
    strength: float | None,
) -> CategoryColumn:
    return CategoryColumn(
        name=name,
        rows=basics["rows"],
        nulls=basics["nulls"],
        distinct=basics["distinct"],
        top=[(line[VALUE], line["rows"]) for line in top],
        target_by_value={line[VALUE]: finite(line["shown"]) for line in top},
        target_strength=strength,
    )
