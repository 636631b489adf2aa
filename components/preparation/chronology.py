"""Is the table a time series that nobody called one? Then a split at random would lie.

Rows that follow each other in time resemble their neighbours. If they are dealt at random, a model
is asked about days whose neighbours it was told, and looks better than it will be. A date column in
whose order the rows stand in the file is taken as the time of the decision; another date column is
named, since only a person knows what it means (a birth date is no time of a decision).
"""

from __future__ import annotations

from typing import Any

import ibis

from mdlc.core.columns import ROW
from mdlc.core.documents.prepared_data import Remark
from mdlc.core.spec.data import Data

ORDERED = 0.95
"""Share of the steps from row to row that go one way in time, where rows stand in its order."""
MIN_STEPS = 10
"""Fewer changes of the date do not show an order."""


def dates(data: Data, *, schema: dict[str, Any]) -> list[str]:
    """Return the date columns about which the file says nothing."""
    said = {data.target, *data.table.key, *data.identifiers, *data.known_later, *data.features}
    return [
        name
        for name, kind in schema.items()
        if (kind.is_date() or kind.is_timestamp())
        and name not in said
        and not name.startswith("__")
    ]


def time_of(table: Any, *, candidates: list[str]) -> str | None:
    """Return the date column in whose order the rows stand, the earliest of several; else None.

    `table` has the number of each row in the file.
    """
    found: dict[str, Any] = {}
    for name in candidates:
        before = table[name].lag().over(ibis.window(order_by=table[ROW]))
        steps = table.mutate(__up=table[name] > before, __down=table[name] < before)
        counts = steps.aggregate(
            up=steps["__up"].sum().fill_null(0),
            down=steps["__down"].sum().fill_null(0),
            nulls=steps[name].isnull().sum().fill_null(0),
            middle=steps[name].cast("timestamp(6)").epoch_seconds().mean(),
        )
        row = counts.to_pyarrow().to_pylist()[0]
        steps_taken = row["up"] + row["down"]
        ordered = max(row["up"], row["down"]) >= ORDERED * steps_taken
        if steps_taken >= MIN_STEPS and not row["nulls"] and ordered:
            found[name] = row["middle"]
    return min(found, key=lambda name: found[name]) if found else None


def remark(name: str) -> Remark:
    """Say that a column was taken as time, and how to say otherwise."""
    return Remark(
        source="table",
        column=name,
        kind="time",
        message="rows stand in its order, so it is taken as the time of the decision, and the "
        "newest rows are the test, not rows drawn at random",
        hint=f"confirm it with spec.data.table.time: {name}, or say spec.model.split.at_random: "
        "true if the rows do not depend on each other",
    )
