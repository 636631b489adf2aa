"""Concept drift for a rehearsal: after the training data end, the target follows another rule.

The new rule is an exclusive or of two features: where exactly one of them lies above its median the
target is the rarer of the two most frequent classes, elsewhere the more frequent one (a numeric
target is one standard deviation higher there). A model can learn this; a rule on one feature
cannot. The rule is written into the file as an SQL expression, so sources, requests and labels
agree, as they would in a real change. The rows that clients send then come late enough for all
windows of a retraining to lie after the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from mdlc.core.columns import Feature
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.engine import quoted
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
    """The changed rule, when it begins, and its description."""

    lifecycle: Lifecycle
    """The file of the world with the change."""
    begins: datetime
    words: str


def find_drift(lifecycle: Lifecycle, *, table: Path) -> ConceptDrift:
    """Write a drift into a lifecycle that has been trained; `table` holds its rows.

    Raises:
        DataError: the data have no time column, or no two features that the rule can use.
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
    """Return up to `rows` of the model's training rows, each once, in random order.

    Its profile was made of these rows, so no feature has drifted. The model is more certain about
    rows it was trained on, which moves its predictions by less than drift.warn.
    """
    known = read_known(table, split="train", seed=seed)
    return known.take(np.arange(min(rows, len(known))))


def changed_world(table: Path, *, lifecycle: Lifecycle, rows: int) -> RowStream:
    """Return later rows in order of time, late enough for a retraining's windows.

    If the data end before that, return the last `rows` rows.
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
    """Return two numeric features, each with its median."""
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
    """Return the target under the new rule and elsewhere, as SQL, and the rule in words."""
    if np.issubdtype(known.target.dtype, np.number):
        spread = float(known.target.std())
        return f"{target} + {spread!r}", target, f"{target} is {spread:.3g} higher"
    names, counts = np.unique(known.target.astype(str), return_counts=True)
    often, rare = names[np.argsort(-counts)][:2].tolist()
    return quoted(rare), quoted(often), f"{rare} comes just"
