"""What is done that the file does not say, each with a note that says how to say otherwise."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation import chronology, copies, identities, times
from mdlc.components.preparation import features as shaping
from mdlc.core.columns import LABEL_TIME, TIME, Feature
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Data
from mdlc.core.spec.model import Split


def in_time(wide: Any, *, data: Data, split: Split) -> tuple[Data, Any, list[str]]:
    """Take the date in whose order the rows stand as their time, where the file names none.

    Return spec.data with that time, the table with __time and __label_time, and the notes.
    """
    dates = chronology.dates(data, schema=dict(wide.schema()))
    if data.table.time or not dates:
        return data, wide, []
    time = None if split.at_random else chronology.time_of(wide, candidates=dates)
    unused = [name for name in dates if name != time]
    notes = [chronology.note_unused(unused)] if unused else []
    if time is None:
        return data, wide, notes
    moment = times.naive(wide, time, where="spec.data.table.time")
    timed = data.model_copy(update={"table": data.table.model_copy(update={"time": time})})
    wide = wide.mutate(**{TIME: moment, LABEL_TIME: moment})
    return timed, wide, [chronology.note_taken(time), *notes]


def features(wide: Any, *, data: Data) -> tuple[list[Feature], list[str]]:
    """Return the features without columns that only name a row, and the notes.

    Raises:
        SpecError: a feature of the file is refused.
        DataError: no feature is left.
    """
    chosen = shaping.choose(data, schema=dict(wide.schema()))
    if data.features:
        return chosen, []
    named = identities.names(wide, features=chosen)
    if not named:
        return chosen, []
    left = [feature for feature in chosen if feature.name not in named]
    if not left:
        raise DataError(
            f"no feature is left: {', '.join(named)} only name a row",
            where="spec.data.features",
            hint="name them in spec.data.features to use them all the same",
        )
    return left, [identities.note(named)]


def together(table: Any, *, features: list[Feature], split: Split) -> tuple[Any, int, list[str]]:
    """Return the table with copies of a row marked, how many there are, and the notes."""
    if split.at_random:
        return table, 0, []
    marked, copied = copies.mark(table, features=features)
    if not copied:
        return table, 0, []
    rows = int(marked.count().to_pyarrow().as_py())
    return marked, copied, [copies.note(copied, rows=rows)]
