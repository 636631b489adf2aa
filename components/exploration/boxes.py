"""Box plots after Tukey, of all rows or of each class.

Source: J. W. Tukey, Exploratory Data Analysis (1977), chapter 2: fences lie `whiskers` times the
interquartile range outside the quartiles, whiskers end at the outermost values inside the fences,
and what lies beyond is an outlier. The quartiles interpolate linearly (Hyndman and Fan's type 7,
the default of numpy and DuckDB).
"""

from __future__ import annotations

from typing import Any

from mdlc.components.exploration.figures import finite
from mdlc.components.exploration.training_rows import VALUE, fetch, quantiles
from mdlc.core.documents.exploration_findings import Box

EMPTY = Box(low=0, q1=0, median=0, q3=0, high=0, outliers=0, outlier_ratio=0)
"""The box of no values."""

Group = tuple[str, ...]


def draw(long: Any, *, by: list[str], whiskers: float, exact: bool) -> dict[Group, Box]:
    """Return a box for each group of `long`'s lines; groups without a value are left out.

    `by` names the columns of text that make a group, such as NAME, or NAME and TARGET.
    """
    quartiles = [
        {**{key: line[key] for key in by}, "q1": q[0], "median": q[1], "q3": q[2]}
        for line in fetch(_quartiles(long, by=by, exact=exact))
        if (q := line["q"])[0] is not None
    ]
    if not quartiles:
        return {}
    lines = fetch(_whiskers(long, quartiles, by=by, whiskers=whiskers))
    return {tuple(line[key] for key in by): _box(line) for line in lines}


def _quartiles(long: Any, *, by: list[str], exact: bool) -> Any:
    known = long.filter(long[VALUE].notnull())
    return known.group_by(by).agg(q=quantiles(known[VALUE], [0.25, 0.5, 0.75], exact=exact))


def _whiskers(long: Any, quartiles: list[dict[str, Any]], *, by: list[str], whiskers: float) -> Any:
    """Return each group's quartiles, outermost values inside the fences, and count outside."""
    import ibis

    joined = long.filter(long[VALUE].notnull()).join(ibis.memtable(quartiles), by)
    value, reach = joined[VALUE], whiskers * (joined["q3"] - joined["q1"])
    inside = (value >= joined["q1"] - reach) & (value <= joined["q3"] + reach)
    return joined.group_by([*by, "q1", "median", "q3"]).agg(
        rows=joined.count(),
        outliers=(~inside).sum(),
        low=value.min(where=inside),
        high=value.max(where=inside),
    )


def _box(line: dict[str, Any]) -> Box:
    q1, q3 = finite(line["q1"]), finite(line["q3"])
    return Box(
        # Interpolated quartiles may lie outside all values that the fences leave.
        low=finite(line["low"], default=q1),
        q1=q1,
        median=finite(line["median"]),
        q3=q3,
        high=finite(line["high"], default=q3),
        outliers=line["outliers"],
        outlier_ratio=finite(line["outliers"] / line["rows"]),
    )
