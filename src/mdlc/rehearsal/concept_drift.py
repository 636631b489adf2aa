"""The scene of a rehearsal: a world that the model knows, and one with another rule.

From the end of what the model knows on, the rarer of the two most frequent classes comes wherever
just one of two features lies above its median, and the more frequent one elsewhere (a number is a
standard deviation higher there). A model can learn that; a rule of one feature cannot. The change
is written into the file as an SQL expression, so that sources, requests and labels agree about it,
as in a real change. The rows that clients then send lie so late that all of a retraining's windows
lie behind the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from mdlc.core.columns import Feature
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle
from mdlc.replay.row_stream import RowStream, as_datetime, read_known, read_stream

CHANGED = "mdlc_changed_target"
"""The target's column in a changed world."""
MAX_MISSING, MIN_VALUES = 0.05, 20
"""What a feature has at most and at least to be one that the change is about."""


@dataclass(frozen=True)
class ConceptDrift:
    """What changes, when, and in which words."""

    lifecycle: Lifecycle
    """The file of the world with the change."""
    begins: datetime
    words: str


def find_drift(lifecycle: Lifecycle, *, table: Path) -> ConceptDrift:
    """Write a change of the world into a lifecycle that has been trained; `table`: its rows.

    Raises:
        DataError: the data have no time, or no two features that a change can be about.
    """
    data = lifecycle.spec.data
    prepared = read_document(table / "prepared.json", Prepared)
    if not prepared.has_time or data.table.time is None:
        raise DataError(
            "a rehearsal with drift needs rows that have a time",
            where="spec.data.table.time",
            hint="name the time column, or rehearse without drift: --no-drift",
        )
    known = read_known(table, split="train", seed=0)
    begins = as_datetime(known.time.max()) + timedelta(microseconds=1)
    later = read_stream(table, begin=None, end=None)
    begins = max(begins, later.begins)
    (first, low), (second, high) = _features(prepared.features, known=known)
    condition = f"(({first} > {low!r}) <> ({second} > {high!r}))"
    there, elsewhere, words = _turned(data.target, known=known)
    expression = (
        f"CASE WHEN CAST({data.table.time} AS TIMESTAMP) < TIMESTAMP '{begins:%Y-%m-%d %H:%M:%S}'"
        f" OR {data.target} IS NULL OR {condition} IS NULL THEN {data.target}"
        f" WHEN {condition} THEN {there} ELSE {elsewhere} END"
    )
    derived = {**data.table.derive, CHANGED: expression}
    changed = data.model_copy(
        update={
            "table": data.table.model_copy(update={"derive": derived}),
            "target": CHANGED,
            "known_later": [*data.known_later, data.target],
        }
    )
    spec = lifecycle.spec.model_copy(update={"data": changed})
    text = (
        f"from {begins:%Y-%m-%d} on, {words} where either {first} > {low:g} or {second} > {high:g}"
    )
    return ConceptDrift(lifecycle.model_copy(update={"spec": spec}), begins, text)


def known_world(table: Path, *, rows: int, seed: int) -> RowStream:
    """Return up to `rows` rows that the model learned, each once, in a random order.

    They are the ones that its profile and its classes' shares are of, so nothing has drifted; that
    it is surer of them than of others moves its predictions a little, less than drift.warn.
    """
    known = read_known(table, split="train", seed=seed)
    return known.take(np.arange(min(rows, len(known))))


def changed_world(table: Path, *, lifecycle: Lifecycle, rows: int) -> RowStream:
    """Return later rows in the order of time: as late as a retraining's windows are long.

    Where the data end before that, it is the last `rows`.
    """
    later = read_stream(table, begin=None, end=None)
    again = lifecycle.spec.retrain
    week = timedelta(days=7)
    windows = again.reach(lifecycle.spec.model.split)
    windows = windows or (again.validation or week) + (again.test or week)
    start = int(
        np.searchsorted(
            later.time, np.datetime64((later.begins + windows).replace(tzinfo=None), "us")
        )
    )
    start = max(min(start, len(later) - rows), 0)
    return later.take(np.arange(start, len(later)))


def _features(features: list[Feature], *, known: RowStream) -> list[tuple[str, float]]:
    """Return two numbers among the features, each with its median."""
    found: list[tuple[str, float]] = []
    for feature in features:
        if feature.kind != "number":
            continue
        values = known.batch[feature.name]
        there = values[~np.isnan(values)]
        few = len(there) < (1 - MAX_MISSING) * len(values)
        if not few and len(np.unique(there)) >= MIN_VALUES:
            found.append((feature.name, float(np.median(there))))
        if len(found) == 2:
            return found
    raise DataError(
        f"a change of the world needs two numbers among the features, with {MIN_VALUES} values and"
        " few missing ones",
        where="spec.data.features",
        hint="rehearse without drift: --no-drift",
    )


def _turned(target: str, *, known: RowStream) -> tuple[str, str, str]:
    """Return the target where the change is, elsewhere, as SQL, and the change in words."""
    if np.issubdtype(known.target.dtype, np.number):
        spread = float(known.target.std())
        return f"{target} + {spread!r}", target, f"{target} is {spread:.3g} higher"
    names, counts = np.unique(known.target.astype(str), return_counts=True)
    often, rare = names[np.argsort(-counts)][:2].tolist()
    there, elsewhere = (f"""'{name.replace("'", "''")}'""" for name in (rare, often))
    return there, elsewhere, f"{rare} comes just"
