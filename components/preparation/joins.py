"""Left joins that never multiply rows, and never use a row that was not known yet."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation import times
from mdlc.core.errors import DataError, SpecError
from mdlc.core.spec.data import AsOf, Join

ROW_TIME, KNOWN_FROM, SOURCE_TIME = "__row_time", "__known_from", "__source_time"


def join(left: Any, right: Any, *, spec: Join, where: str, sensitive: list[str]) -> Any:
    """Return `left` with the columns of the one row of `right` that belongs to each row.

    Raises:
        DataError: several rows of `right` belong to one row.
        SpecError: the columns' types cannot be compared.
    """
    for number, name in enumerate(spec.match):
        kinds = left[name].type(), right[name].type()
        if kinds[0].is_numeric() != kinds[1].is_numeric() or not kinds[0].castable(kinds[1]):
            message = f"{name} is {kinds[0]} in the table and {kinds[1]} in {spec.source}"
            raise SpecError(message, where=f"{where}.match[{number}]", hint="set types or derive")
    _refuse_duplicates(right, spec=spec, where=where, sensitive=sensitive)
    names = {f"__match_{number}": name for number, name in enumerate(spec.match)}
    if spec.as_of is not None:
        return _as_of(left, right, as_of=spec.as_of, names=names, where=f"{where}.as_of")
    right = right.rename(names)
    joined = left.left_join(right, [left[name] == right[other] for other, name in names.items()])
    return joined.drop(*names)


def _as_of(left: Any, right: Any, *, as_of: AsOf, names: dict[str, str], where: str) -> Any:
    """Join the newest row that was known at the row's time, unless it is too old."""
    import ibis

    if as_of.at_most < as_of.at_least:
        raise SpecError("at_most is shorter than at_least: nothing could match", where=where)
    added = [
        name for name in right.columns if name not in names.values() and name not in left.columns
    ]
    moment = times.naive(right, as_of.source_time, where=f"{where}.source_time")
    right = right.mutate(
        **{SOURCE_TIME: moment, KNOWN_FROM: moment + times.interval(as_of.at_least)}
    )
    right = right.filter(right[SOURCE_TIME].notnull()).rename(names)
    right = right.select(*names, SOURCE_TIME, KNOWN_FROM, *added)
    left = left.mutate(**{ROW_TIME: times.naive(left, as_of.time, where=f"{where}.time")})
    matches = [left[name] == right[other] for other, name in names.items()]
    joined = left.asof_join(right, on=left[ROW_TIME] >= right[KNOWN_FROM], predicates=matches)
    oldest = joined[ROW_TIME] - times.interval(as_of.at_most)
    fresh = (joined[SOURCE_TIME] >= oldest).fill_null(False)
    joined = joined.mutate(**{name: ibis.ifelse(fresh, joined[name], None) for name in added})
    return joined.drop(*names, ROW_TIME, KNOWN_FROM, SOURCE_TIME)


def _refuse_duplicates(right: Any, *, spec: Join, where: str, sensitive: list[str]) -> None:
    """Refuse two rows for one key: they would multiply rows, or make the result random."""
    keys = [*spec.match, *([spec.as_of.source_time] if spec.as_of else [])]
    counted = right.drop_null(keys).group_by(keys).agg(__n=lambda found: found.count())
    twice = counted.filter(counted["__n"] > 1).order_by(keys).limit(3).to_pyarrow().to_pylist()
    if twice:
        shown = [
            ", ".join(f"{key}={'...' if key in sensitive else row[key]}" for key in keys)
            for row in twice
        ]
        raise DataError(
            f"source {spec.source} has several rows for {'; '.join(shown)}",
            where=where,
            hint="match more columns, or keep one row with the source's where",
        )
