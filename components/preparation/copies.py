"""Rows that occur more than once: copies stay on one side of the split.

A model that is tested on a copy of a training row is asked what it was told. So copies of a row,
which have the same features, get one text in the column `__copy`; the split goes by it, and
evaluation counts them as one.

Numbers are compared to five digits, since copies are often made with a little noise. Rows of few
values are alike by chance: with independent columns, N rows, and a value of column j in a share p_j
of them, N times the product of the p_j rows are expected to be like a given one. Only where that is
under `BY_CHANCE` are rows that are alike taken for copies.
"""

from __future__ import annotations

from typing import Any

import ibis

from mdlc.core.columns import COPY, KEY, Feature
from mdlc.core.documents.prepared_data import Remark

BY_CHANCE = 0.05
"""Rows like a given one that may be expected by chance, at most, where such rows are copies."""
JUDGED = 12
"""Columns, those with most values, that say how likely a row is by chance."""
DIGITS = "%.4e"


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def printf(form: str, value: float) -> str:
    """DuckDB's printf: a number as text."""
    raise NotImplementedError


def mark(table: Any, *, features: list[Feature]) -> tuple[Any, int]:
    """Return the table with __copy, and how many rows are copies of another; 0: without it.

    Args:
        table: with __key and the features, stored.
        features: what makes two rows the same.
    """
    coded = table.mutate(__code=_code(table, features=features))
    counted = coded.group_by("__code").agg(__alike=coded.count())
    if not _one(counted.filter(counted["__alike"] > 1).count()):
        return table, 0
    likely = _likely(coded, features=features)
    found = coded.mutate(__likely=likely, __alike=coded.count().over(_within(coded["__code"])))
    copied = (found["__alike"] > 1) & (found["__likely"] < BY_CHANCE)
    marked = found.mutate(**{COPY: ibis.ifelse(copied, found["__code"], found[KEY])})
    twice = marked.filter(marked[COPY] == marked["__code"])
    counts = twice.aggregate(rows=twice.count(), kinds=twice["__code"].nunique())
    row = counts.to_pyarrow().to_pylist()[0]
    copies = int(row["rows"]) - int(row["kinds"])
    return (marked.drop("__code", "__likely", "__alike"), copies) if copies else (table, 0)


def remark(copies: int, *, rows: int) -> Remark:
    """Say what was done about copies, and how to say otherwise."""
    return Remark(
        source="table",
        column="",
        kind="copies",
        message=f"{copies:,} of {rows:,} rows are copies of another (the same features): copies "
        "stay on one side of the split and count as one row of the test",
        hint="say spec.model.split.at_random: true if each is a case of its own",
    )


def _code(table: Any, *, features: list[Feature]) -> Any:
    """Return a digest of a row's features."""
    return ibis.array([_text(table, f) for f in features]).join("\x1f").hexdigest("md5")


def _text(table: Any, feature: Feature) -> Any:
    column = table[feature.name]
    if feature.kind == "number":
        return printf(DIGITS, column).fill_null("")
    return (column.hash().cast("string") if feature.kind == "image" else column).fill_null("")


def _likely(table: Any, *, features: list[Feature]) -> Any:
    """Return how many rows like each are expected by chance."""
    plain = [feature for feature in features if feature.kind != "image"]
    rows = table.count().over(ibis.window()).cast("float64")
    expected: Any = rows
    for feature in _most_varied(table, features=plain):
        alike = table.count().over(_within(_text(table, feature)))
        expected = expected * (alike / rows)
    return expected if plain else ibis.literal(0.0)


def _most_varied(table: Any, *, features: list[Feature]) -> list[Feature]:
    if len(features) <= JUDGED:
        return features
    counts = {f.name: table[f.name].approx_nunique() for f in features}
    row = table.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return sorted(features, key=lambda feature: -row[feature.name])[:JUDGED]


def _within(column: Any) -> Any:
    return ibis.window(group_by=column)


def _one(expression: Any) -> int:
    return int(expression.to_pyarrow().as_py())
