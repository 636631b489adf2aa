"""Gives text columns types: those of the file, else those that all rows fit; with remarks."""

from __future__ import annotations

from collections.abc import Collection, Container
from dataclasses import dataclass, field
from typing import Any

from mdlc.components.collection.columns import cell_survey as survey
from mdlc.components.collection.columns import date_formats as dates
from mdlc.components.collection.columns import lossy_conversions as conversions
from mdlc.components.collection.columns.cell_classes import PADDED
from mdlc.components.collection.columns.cell_survey import Cells
from mdlc.components.collection.columns.column_verdict import (
    ColumnVerdict,
    decide,
    decide_numbers,
    decide_padded,
    decide_words,
)
from mdlc.core.documents.prepared_data import Remark
from mdlc.core.engine import named, quoted
from mdlc.core.errors import DataError, SpecError, closest
from mdlc.core.spec.data import Source


@dataclass
class ColumnTyping:
    """Makes the typed columns of one source, and collects the remarks about them."""

    cells: Cells
    name: str
    """The source's."""
    source: Source
    kept: Collection[str]
    """Columns that the file keeps: others are not queried and get no remarks."""
    hidden: Container[str]
    """Columns whose values are not shown."""
    remarks: list[Remark] = field(default_factory=list)

    @property
    def keys(self) -> str:
        """The source's place in the file."""
        return f"spec.data.sources.{self.name}"

    def select(self, *, beside: dict[str, str] | None = None) -> str:
        """Return SQL that selects all columns, typed, and those `beside` them (name -> type).

        Raises:
            SpecError: the file names a column that is not there, or no type.
            DataError: a value does not fit what the file says, or a date can be read in two ways.
        """
        made = {**self._stated(), **self._formats()}
        rest = [column for column in self.cells.columns if column not in made]
        verdicts = self._verdicts(rest)
        made.update({column: self._judged(column, verdicts[column]) for column in rest})
        self._missing([column for column in rest if verdicts[column].type == "VARCHAR"])
        columns = [f"{made[column]} AS {named(column)}" for column in self.cells.columns]
        cells = [f"{self.cells.cell(name)} AS {named(name)}" for name in self.cells.columns]
        for name, kind in (beside or {}).items():
            columns.append(f"CAST({named(name)} AS {kind}) AS {named(name)}")
            cells.append(named(name))
        inner = f"SELECT {', '.join(cells)} FROM {self.cells.relation}"  # noqa: S608
        return f"SELECT {', '.join(columns)} FROM ({inner})"  # noqa: S608

    def _value(self, column: str, kind: str) -> str:
        """Return SQL that casts a cell to a type, a number's marks changed to the engine's."""
        text, numbers = named(column), self.cells.numbers
        if kind == "VARCHAR":
            return text
        if numbers.plain:
            return f"TRY_CAST(trim({text}) AS {kind})"
        is_number = f"regexp_full_match(trim({text}), {quoted(numbers.pattern)})"
        normal = f"CASE WHEN {is_number} THEN {numbers.normal(text)} ELSE trim({text}) END"
        return f"TRY_CAST({normal} AS {kind})"

    def _stated(self) -> dict[str, str]:
        """Return column -> SQL for the types that the file states."""
        made: dict[str, str] = {}
        for column, text in self.source.types.items():
            where = f"{self.keys}.types.{column}"
            self._known(column, where=where)
            kind = resolve(self.cells.connection, text, where=where)
            made[column] = self._value(column, kind)
            count, shown = survey.unfit(self.cells, column, value=made[column])
            if count:
                message = f"{counted(count, 'value')} of {column} {_is(count)} not {kind}"
                hint = f"change the type, or list in {self.keys}.nulls what means missing"
                raise DataError(message + self._such(column, shown), where=where, hint=hint)
            if kind != "VARCHAR":
                self._refuse_changed(column, kind, where=where)
        return made

    def _refuse_changed(self, column: str, kind: str, *, where: str) -> None:
        numbers = self.cells.numbers
        text = named(column) if numbers.plain else numbers.normal(named(column))
        same = f"CASE WHEN {conversions.changed(text, type_=kind)} THEN NULL ELSE true END"
        count, shown = survey.unfit(self.cells, column, value=same)
        if count:
            message = f"{kind} would change {counted(count, 'value')} of {column}"
            hint = "choose a type that holds them, such as DOUBLE, or VARCHAR for names of things"
            raise DataError(message + self._such(column, shown), where=where, hint=hint)

    def _formats(self) -> dict[str, str]:
        """Return column -> SQL for the columns whose dates have a format that the file states."""
        stated, where = self.source.date_format, f"{self.keys}.date_format"
        if isinstance(stated, str):
            return self._one_format(stated, where=where)
        made: dict[str, str] = {}
        for column, text in stated.items():
            self._known(column, where=f"{where}.{column}")
            if column in self.source.types:
                raise SpecError(f"{column} has a type too", where=f"{where}.{column}")
            made[column] = dates.parsed(named(column), [text])
            count, shown = survey.unfit(self.cells, column, value=made[column])
            if count:
                message = f"{counted(count, 'value')} of {column} {_is(count)} not {text}"
                hint = "change the format"
                raise DataError(
                    message + self._such(column, shown), where=f"{where}.{column}", hint=hint
                )
        return made

    def _one_format(self, text: str, *, where: str) -> dict[str, str]:
        made: dict[str, str] = {}
        columns = [name for name in self.cells.columns if name not in self.source.types]
        for column in columns if text else ():
            value = dates.parsed(named(column), [text])
            if not survey.unfit(self.cells, column, value=value)[0] and self._filled(column):
                made[column] = value
        if text and not made:
            raise DataError(f"no column has dates such as {text} in all rows", where=where)
        return made

    def _filled(self, column: str) -> bool:
        return bool(self.cells.ask(f"count({named(column)})", [column])[0][0])

    def _verdicts(self, columns: list[str]) -> dict[str, ColumnVerdict]:
        counts = survey.classes(self.cells, columns)
        return {column: self._verdict(column, counts[column]) for column in columns}

    def _verdict(self, column: str, counts: dict[str, int]) -> ColumnVerdict:
        if column in self.cells.words:
            return decide_words(counts)
        verdict = (decide if self.cells.codes else decide_numbers)(counts)
        may_be_names = self.cells.codes and column in self.kept and PADDED in counts
        if may_be_names and verdict.type == "DOUBLE" and not verdict.kind:
            shown = survey.spelled_twice(self.cells, column)
            if shown:
                return decide_padded(["..."] if column in self.hidden else shown)
        return verdict

    def _judged(self, column: str, verdict: ColumnVerdict) -> str:
        """Return SQL for a column; record the verdict's remark."""
        if column not in self.kept:
            kind = "VARCHAR" if verdict.order else verdict.type
            return self._value(column, kind)
        if verdict.order == "ask":
            raise DataError(
                f"{column}: {self._told(column, verdict)}",
                where=f"{self.keys}.{self.source.format}",
                hint=self._hint(column, verdict),
            )
        made = self._value(column, verdict.type)
        if verdict.order in {"day", "month"}:
            shapes = survey.shapes(self.cells, column)
            formats = dates.formats_of(shapes, first=verdict.order)
            made = dates.parsed(named(column), formats)
            count, shown = survey.unfit(self.cells, column, value=made)
            if count:
                message = f"it is text, though it looks like dates: not{self._such(column, shown)}"
                self._say(column, "text", message, "repair the rows, or say their nulls")
                return named(column)
        if verdict.kind:
            message = self._told(column, verdict)
            self._say(column, verdict.kind, message, self._hint(column, verdict))
        return made

    def _told(self, column: str, verdict: ColumnVerdict) -> str:
        shown = ["..."]
        if verdict.shown and column not in self.hidden:
            shown = survey.examples(self.cells, column, of=verdict.shown)
        return verdict.message.format(shown=", ".join(shown) or "any")

    def _hint(self, column: str, verdict: ColumnVerdict) -> str:
        formats = ""
        if verdict.order == "ask":
            shapes = survey.shapes(self.cells, column)
            both = (dates.formats_of(shapes, first=first)[0] for first in ("month", "day"))
            formats = " or ".join(f"'{text}'" for text in both)
        return verdict.hint.format(keys=self.keys, column=column, formats=formats)

    def _missing(self, columns: list[str]) -> None:
        """Report which words of a text column were read as missing: NA may be Namibia."""
        texts = [column for column in columns if column in self.kept]
        for column, counts in survey.words_for_null(self.cells, texts).items():
            word = max(counts, key=lambda text: counts[text])
            count = sum(counts.values())
            message = f"{counted(count, 'cell')} with the text {word} {_is(count)} read as missing"
            self._say(column, "missing", message, f"{self.keys}.nulls: [''] keeps the text")

    def _say(self, column: str, kind: str, message: str, hint: str) -> None:
        fields = {"source": self.name, "column": column, "kind": kind, "message": message}
        self.remarks.append(Remark.model_validate({**fields, "hint": hint}))

    def _such(self, column: str, shown: list[str]) -> str:
        return "" if column in self.hidden else f", such as {', '.join(shown)}"

    def _known(self, column: str, *, where: str) -> None:
        if column not in self.cells.columns:
            hint = closest(column, self.cells.columns)
            raise SpecError(f"no column {column}", where=where, hint=hint)


def resolve(connection: Any, text: str, *, where: str) -> str:
    """Return DuckDB's name of a type.

    Raises:
        SpecError: it is none.
    """
    import duckdb

    try:
        return conversions.resolved(connection, text)
    except duckdb.Error as error:
        hint = "such as VARCHAR, BIGINT, DOUBLE, BOOLEAN, DATE or TIMESTAMP"
        raise SpecError(f"{text!r} is not a DuckDB type", where=where, hint=hint) from error


def counted(count: int, what: str) -> str:
    """Return a count of things in words.

    >>> counted(1, "value"), counted(1200, "value")
    ('1 value', '1,200 values')
    """
    return f"{count:,} {what}" + "s" * (count != 1)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
