"""Number features, described by aggregates over all training rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdlc.components.exploration import boxes, histograms, normality, strength
from mdlc.components.exploration.figures import finite
from mdlc.components.exploration.sample import NumberSample
from mdlc.components.exploration.training_rows import (
    EXACT_CELLS,
    NAME,
    VALUE,
    beyond,
    distinct,
    fetch,
    long_numbers,
    quantiles,
)
from mdlc.core.columns import TARGET
from mdlc.core.documents.exploration_findings import Box, NumberColumn

MAX_CLASSES = 10
"""With more classes, boxes by class are no longer a picture."""


def describe(
    table: Any,
    *,
    sample: NumberSample,
    rows: int,
    whiskers: float,
    classes: list[str],
) -> list[NumberColumn]:
    """Describe the sample's features on all `rows` of `table`.

    `classes` are those that occur, [] for regression; up to MAX_CLASSES get a box each.
    """
    names = sample.names
    if not names:
        return []
    exact = rows * len(names) <= EXACT_CELLS
    long = long_numbers(table, names)
    basics = {line[NAME]: line for line in fetch(_basics(long, exact=exact))}
    moments = {line[NAME]: line for line in fetch(_moments(long, basics))}
    whole = boxes.draw(long, by=[NAME], whiskers=whiskers, exact=exact)
    edges = {name: _edges(basics[name], whole.get((name,), boxes.EMPTY)) for name in names}
    counts = histograms.count(long, edges)
    classed: dict[boxes.Group, Box] = {}
    if 0 < len(classes) <= MAX_CLASSES:
        labelled = long_numbers(table, names, keep=(TARGET,))
        classed = boxes.draw(labelled, by=[NAME, TARGET], whiskers=whiskers, exact=exact)
    strengths = strength.of_numbers(sample, classes=classes)
    return [
        _column(
            name,
            basics=basics[name],
            moments=moments.get(name, {}),
            box=whole.get((name,), boxes.EMPTY),
            histogram=(edges[name], counts[name]),
            p=normality.p_value(sample.column(name)),
            by_class={key[1]: box for key, box in sorted(classed.items()) if key[0] == name},
            target_strength=strengths[name],
        )
        for name in names
    ]


def tails(
    table: Any, *, names: list[str], rows: int, share: float
) -> dict[str, tuple[float, float]]:
    """Return the quantiles at `share` and 1 - `share` of each feature that has a value."""
    if not names:
        return {}
    long = long_numbers(table, names)
    shares = [share, 1 - share]
    query = long.group_by(NAME).agg(
        q=quantiles(long[VALUE], shares, exact=rows * len(names) <= EXACT_CELLS)
    )
    found = {line[NAME]: line["q"] for line in fetch(query)}
    return {name: (finite(q[0]), finite(q[1])) for name, q in found.items() if q[0] is not None}


def unusable(table: Any, names: list[str]) -> dict[str, int]:
    """Return the features that have infinite values or ones beyond float32, and how many."""
    if not names:
        return {}
    counts = fetch(table.agg(**{name: beyond(table[name]) for name in names}))[0]
    return {name: counts[name] for name in names if counts[name]}


def _basics(long: Any, *, exact: bool) -> Any:
    value = long[VALUE]
    return long.group_by(NAME).agg(
        rows=long.count(),
        nulls=value.isnull().sum(),
        distinct=distinct(value, exact=exact),
        mean=value.mean(),
        minimum=value.min(),
        maximum=value.max(),
    )


def _moments(long: Any, basics: Mapping[str, dict[str, Any]]) -> Any:
    """Return the means of the 2nd to 4th power of (value - mean) / (maximum - minimum).

    This needs a second pass over the rows. With values centred and within -1 to 1, no digits are
    lost to a large mean and nothing overflows; one pass over the powers would do both.
    """
    import ibis

    lines = [
        {NAME: name, "mean": b["mean"], "range": b["maximum"] - b["minimum"]}
        for name, b in basics.items()
        if b["mean"] is not None and b["maximum"] > b["minimum"]
    ]
    schema = {NAME: "string", "mean": "float64", "range": "float64"}
    joined = long.join(ibis.memtable(lines, schema=ibis.schema(schema)), NAME)
    unit = (joined[VALUE] - joined["mean"]) / joined["range"]
    return joined.group_by([NAME, "range"]).agg(
        m2=(unit * unit).mean(), m3=(unit**3).mean(), m4=(unit**4).mean()
    )


def _edges(basics: dict[str, Any], box: Box) -> list[float]:
    return histograms.edges(
        low=basics["minimum"] or 0.0,
        high=basics["maximum"] or 0.0,
        spread=box.q3 - box.q1,
        rows=basics["rows"] - basics["nulls"],
        distinct=basics["distinct"],
    )


def _column(  # noqa: PLR0913 - one keyword for each part of the document
    name: str,
    *,
    basics: dict[str, Any],
    moments: dict[str, Any],
    box: Box,
    histogram: tuple[list[float], list[int]],
    p: float | None,
    by_class: dict[str, Box],
    target_strength: float | None,
) -> NumberColumn:
    """Assemble a column: std with n - 1; skewness m3 / m2^1.5; kurtosis m4 / m2^2 - 3 (excess)."""
    known = basics["rows"] - basics["nulls"]
    m2 = moments.get("m2") or 0.0
    varies = m2 > 0 and known > 1
    deviation = moments["range"] * (m2 * known / (known - 1)) ** 0.5 if varies else 0.0
    return NumberColumn(
        name=name,
        rows=basics["rows"],
        nulls=basics["nulls"],
        distinct=basics["distinct"],
        mean=finite(basics["mean"]),
        std=finite(deviation),
        minimum=finite(basics["minimum"]),
        maximum=finite(basics["maximum"]),
        skewness=finite(moments["m3"] / m2**1.5) if varies else 0.0,
        kurtosis=finite(moments["m4"] / m2**2 - 3) if varies else 0.0,
        normality_p=p,
        normal=normality.is_normal(p),
        box=box,
        histogram_edges=histogram[0],
        histogram_counts=histogram[1],
        by_class=by_class,
        target_strength=target_strength,
    )
