"""What is done that the file does not say, each with how to say otherwise."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation import chronology, copies, identities, times, truths
from mdlc.components.preparation import features as shaping
from mdlc.core.columns import LABEL_TIME, TIME, Feature
from mdlc.core.documents.prepared_data import LeftOut, Remark
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Data
from mdlc.core.spec.model import Split


def in_time(wide: Any, *, data: Data, split: Split) -> tuple[Data, Any, list[Remark]]:
    """Take the date in whose order the rows stand as their time, where the file names none.

    Return spec.data with that time, the table with __time and __label_time, and the remarks.
    """
    dates = chronology.dates(data, schema=dict(wide.schema()))
    if data.table.time or not dates or split.at_random:
        return data, wide, []
    time = chronology.time_of(wide, candidates=dates)
    if time is None:
        return data, wide, []
    moment = times.naive(wide, time, where="spec.data.table.time")
    timed = data.model_copy(update={"table": data.table.model_copy(update={"time": time})})
    wide = wide.mutate(**{TIME: moment, LABEL_TIME: moment})
    return timed, wide, [chronology.remark(time)]


def features(wide: Any, *, data: Data) -> tuple[list[Feature], list[LeftOut], list[Remark]]:
    """Return the features, the other columns with the reason for each, and the remarks.

    Columns that only name a row are no features unless the file names them.

    Raises:
        SpecError: a feature of the file is refused.
        DataError: no feature is left.
    """
    chosen = shaping.choose(data, schema=dict(wide.schema()))
    named = {} if data.features else identities.names(wide, features=chosen)
    known = [feature for feature in chosen if feature.name not in named]
    if not known:
        raise DataError(
            f"no feature is left: {', '.join(named)} only name a row",
            where="spec.data.features",
            hint="name them in spec.data.features to use them all the same",
        )
    spelled, remarks = truths.spell(wide, known)
    left_out = shaping.left_out(data, schema=dict(wide.schema()), features=spelled, named=named)
    return spelled, left_out, remarks


def together(table: Any, *, features: list[Feature], split: Split) -> tuple[Any, int, list[Remark]]:
    """Return the table with copies of a row marked, how many there are, and the remarks."""
    if split.at_random:
        return table, 0, []
    marked, copied = copies.mark(table, features=features)
    if not copied:
        return table, 0, []
    rows = int(marked.count().to_pyarrow().as_py())
    return marked, copied, [copies.remark(copied, rows=rows)]
