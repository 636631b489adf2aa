"""Checks column names through the file, from sources to features, without reading a row.

`mdlc validate` and preparation use it to find a name that the data lack before any work is done.
"""

from __future__ import annotations

from collections.abc import Iterable

from mdlc.components.preparation import expressions
from mdlc.components.preparation.checks import kinds_of
from mdlc.core.errors import SpecError, closest
from mdlc.core.spec.data import Data, Join, Source

Schemas = dict[str, dict[str, str]]
"""Source -> column -> Ibis type, as a snapshot has them."""


def check_columns(data: Data, schemas: Schemas) -> None:
    """Find the first column that the file names and the data lack.

    Raises:
        SpecError: with its place in the file and the nearest column that there is.
    """
    by_source = {
        name: _source(source, raw=list(schemas[name]), where=f"spec.data.sources.{name}")
        for name, source in data.sources.items()
    }
    known = _table(data, by_source=by_source)
    _need(data.target, known=known, where="spec.data.target")
    for field in ("features", "categories", "identifiers", "sensitive", "known_later"):
        image = {data.image.name} if data.image else set()
        for number, name in enumerate(getattr(data, field)):
            _need(name, known=[*known, *image], where=f"spec.data.{field}[{number}]")
    if data.image and not any(name.startswith(data.image.prefix) for name in known):
        message = f"no column starts with {data.image.prefix}"
        raise SpecError(
            message, where="spec.data.image.prefix", hint=closest(data.image.prefix, known)
        )
    for number, check in enumerate(data.checks):
        where = f"spec.data.checks[{number}]"
        if check.column is not None:
            _need(check.column, known=known, where=f"{where}.column")
        for name, kind in kinds_of(check):
            kind.check_names(check.asked[name], known=known, where=f"{where}.{name}")


def _source(source: Source, *, raw: list[str], where: str) -> list[str]:
    """Return a source's columns after columns, rename, derive and where."""
    for number, name in enumerate(source.columns):
        _need(name, known=raw, where=f"{where}.columns[{number}]")
    kept = list(source.columns) or list(raw)
    for name in source.rename:
        _need(name, known=kept, where=f"{where}.rename.{name}")
    known = [source.rename.get(name, name) for name in kept]
    twice = next((name for name in known if known.count(name) > 1), None) if source.rename else None
    if twice:
        raise SpecError(f"two columns are then called {twice}", where=f"{where}.rename")
    known = _derived(source.derive, known=known, where=f"{where}.derive")
    if source.where:
        expressions.check(source.where, known=known, where=f"{where}.where")
    return known


def _table(data: Data, *, by_source: dict[str, list[str]]) -> list[str]:
    """Return the joined table's columns."""
    table, where = data.table, "spec.data.table"
    known = list(by_source[table.source or next(iter(data.sources))])
    for number, join in enumerate(table.join):
        known = _joined(
            join, known=known, right=by_source[join.source], where=f"{where}.join[{number}]"
        )
    known = _derived(table.derive, known=known, where=f"{where}.derive")
    if table.where:
        expressions.check(table.where, known=known, where=f"{where}.where")
    for number, name in enumerate(table.key):
        _need(name, known=known, where=f"{where}.key[{number}]")
    for field in ("time", "label_time"):
        name = getattr(table, field)
        if name is not None:
            _need(name, known=known, where=f"{where}.{field}")
    if table.label_time and not table.time:
        raise SpecError("label_time needs time", where=f"{where}.label_time")
    return known


def _joined(join: Join, *, known: list[str], right: list[str], where: str) -> list[str]:
    for number, name in enumerate(join.match):
        for side, columns in (("the table", known), (f"source {join.source}", right)):
            _need(name, known=columns, where=f"{where}.match[{number}]", of=side)
    taken = set(join.match)
    if join.as_of is not None:
        _need(join.as_of.time, known=known, where=f"{where}.as_of.time")
        _need(join.as_of.source_time, known=right, where=f"{where}.as_of.source_time")
        if join.as_of.time == join.as_of.source_time:
            taken.add(join.as_of.time)
    added = [name for name in right if name not in taken]
    both = next((name for name in added if name in known), None)
    if both:
        raise SpecError(
            f"{both} is a column of the table and of source {join.source}",
            where=where,
            hint=f"rename it under spec.data.sources.{join.source}.rename or leave it out",
        )
    return [*known, *added]


def _derived(derive: dict[str, str], *, known: list[str], where: str) -> list[str]:
    for name, text in derive.items():
        expressions.check(text, known=known, where=f"{where}.{name}")
        known = [*(other for other in known if other.lower() != name.lower()), name]
    return known


def _need(name: str, *, known: Iterable[str], where: str, of: str = "") -> None:
    known = list(known)
    if name not in known:
        place = f" in {of}" if of else ""
        raise SpecError(f"no column {name}{place}", where=where, hint=closest(name, known))
