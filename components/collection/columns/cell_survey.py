"""Surveys all rows of a table of texts: the engine answers each question in one query."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mdlc.components.collection.columns.cell_classes import Numbers, class_of
from mdlc.core.engine import named, quoted

AT_ONCE = 200
"""Columns of one query: a table of thousands of columns is queried in parts."""
FEW = 50
"""Up to so many columns, each has a query of its own: planning so few takes no time."""
MOST_SHAPES = 20
MOST_LETTERS = 40
"""Longest value that is shown."""
FILE = "__file"
"""Column of the files' names, if there are several files."""


@dataclass(frozen=True)
class Cells:
    """A table in which every value is the text that stood in the file."""

    connection: Any
    relation: str
    """The relation that SQL selects from."""
    columns: list[str]
    nulls: tuple[str, ...] = ()
    """Texts that mean NULL."""
    numbers: Numbers = field(default_factory=Numbers)
    files: int = 1
    words: frozenset[str] = frozenset()
    """Columns whose values are texts by their format: they may become dates, never numbers."""
    codes: bool = True
    """Whether a text such as 5E2 may be a code; False if the format says that it is a number."""

    def cell(self, column: str) -> str:
        """Return SQL: a value of the column, NULL where its text means that."""
        name = named(column)
        if not self.nulls:
            return name
        # IN is not used: the time to plan it grows with the square of the columns.
        words = "".join(f" WHEN {quoted(word)} THEN NULL" for word in self.nulls)
        return f"CASE {name}{words} ELSE {name} END"

    def ask(self, select: str, columns: Sequence[str], rest: str = "") -> list[Any]:
        """Run a query over the table's cells, each under its column's name."""
        cells = ", ".join(f"{self.cell(column)} AS {named(column)}" for column in columns)
        files = f", {FILE}" if self.files > 1 else ""
        query = f"SELECT {select} FROM (SELECT {cells}{files} FROM {self.relation}) {rest}"  # noqa: S608
        found: list[Any] = self.connection.raw_sql(query).fetchall()
        return found


def classes(cells: Cells, columns: Collection[str]) -> dict[str, dict[str, int]]:
    """Return column -> class -> rows; NULL cells are left out."""
    found: dict[str, dict[str, int]] = {name: {} for name in columns}
    kind = class_of("v", numbers=cells.numbers)
    for part in _parts(columns):
        below = _below(map(cells.cell, part), cells)
        query = f"SELECT i, {kind} AS k, count(*) FROM ({below}) GROUP BY i, k"  # noqa: S608
        for place, name, rows in cells.connection.raw_sql(query).fetchall():
            if name is not None:
                found[part[place]][name] = rows
    return found


def examples(cells: Cells, column: str, *, of: Collection[str], at_most: int = 3) -> list[str]:
    """Return the most frequent texts of some classes; of several files, each with a file."""
    kind = class_of(named(column), numbers=cells.numbers)
    wanted = ", ".join(map(quoted, sorted(of)))
    file = f"min(parse_filename({FILE}))" if cells.files > 1 else "NULL"
    rest = f"WHERE {kind} IN ({wanted}) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {at_most}"
    rows = cells.ask(f"{named(column)}, {file}", [column], rest)
    return [shortened(text) + (f" in {file}" if file else "") for text, file in rows]


def texts(cells: Cells, column: str, *, of: Collection[str], at_most: int) -> list[str]:
    """Return the most frequent texts of some classes, as they are."""
    kind = class_of(named(column), numbers=cells.numbers)
    wanted = ", ".join(map(quoted, sorted(of)))
    rest = f"WHERE {kind} IN ({wanted}) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {at_most}"
    return [str(row[0]) for row in cells.ask(named(column), [column], rest)]


def matching(cells: Cells, column: str, *, pattern: str) -> bool:
    """Say whether a cell matches a regular expression as a whole."""
    met = f"regexp_full_match(trim({named(column)}), {quoted(pattern)})"
    return bool(cells.ask(f"count(*) FILTER ({met})", [column])[0][0])


def spelled(cells: Cells, *, numbers: Numbers) -> Cells:
    """Return the same cells, read with numbers written in another way."""
    return replace(cells, numbers=numbers)


def shapes(cells: Cells, column: str) -> list[str]:
    """Return the texts with each row of digits as one 9, such as 9/9/9 9:9; at most MOST_SHAPES."""
    shape = f"regexp_replace(trim({named(column)}), '[0-9]+', '9', 'g')"
    rest = f"WHERE {named(column)} IS NOT NULL ORDER BY 1 LIMIT {MOST_SHAPES}"
    return [str(row[0]) for row in cells.ask(f"DISTINCT {shape}", [column], rest)]


def spelled_twice(cells: Cells, column: str) -> list[str]:
    """Return two texts that are one number, such as 1.1 and 1.10; [] if there are none.

    If all numbers have the same count of decimals, there are none.
    """
    text = named(column)
    decimals = f"length(split_part(trim({text}), '.', 2))"
    least, most = cells.ask(f"min({decimals}), max({decimals})", [column])[0]
    if least == most:
        return []
    texts = f"min({text}), max({text})"
    rest = f"GROUP BY TRY_CAST({text} AS DOUBLE) HAVING min({text}) <> max({text}) ORDER BY 1"
    found = cells.ask(texts, [column], f"WHERE contains({text}, '.') {rest} LIMIT 1")
    return [shortened(text) for row in found for text in row]


def unfit(cells: Cells, column: str, *, value: str) -> tuple[int, list[str]]:
    """Return how many cells `value` (SQL over the column) makes NULL, and three of them."""
    rest = f"WHERE {named(column)} IS NOT NULL AND ({value}) IS NULL"
    count = int(cells.ask("count(*)", [column], rest)[0][0])
    if not count:
        return 0, []
    rows = cells.ask(f"DISTINCT {named(column)}", [column], f"{rest} ORDER BY 1 LIMIT 3")
    return count, [shortened(row[0]) for row in rows]


def words_for_null(cells: Cells, columns: Collection[str]) -> dict[str, dict[str, int]]:
    """Return column -> text that means NULL, and is not empty, -> rows; others are left out."""
    words = [word for word in cells.nulls if word]
    found: dict[str, dict[str, int]] = {}
    if not words:
        return found
    listed = ", ".join(map(quoted, words))
    for part in _parts(columns):
        query = (
            f"SELECT i, v, count(*) FROM ({_below(map(named, part), cells)})"  # noqa: S608
            f" WHERE v IN ({listed}) GROUP BY i, v"
        )
        for place, word, rows in cells.connection.raw_sql(query).fetchall():
            found.setdefault(part[place], {})[word] = rows
    return found


def _below(values: Iterable[str], cells: Cells) -> str:
    """Return SQL that puts all columns' values into one, v, with i, the place of the column.

    So an expression is planned once and not for each column, which takes long for thousands of
    columns. A single column is not changed, which is faster for many rows.
    """
    listed = list(values)
    if len(listed) == 1:
        return f"SELECT {listed[0]} AS v, 0 AS i FROM {cells.relation}"  # noqa: S608
    places = f"unnest(range({len(listed)})) AS i"
    return f"SELECT unnest([{', '.join(listed)}]) AS v, {places} FROM {cells.relation}"  # noqa: S608


def _parts(columns: Collection[str]) -> Iterator[list[str]]:
    names = list(columns)
    size = AT_ONCE if len(names) > FEW else 1
    for start in range(0, len(names), size):
        yield names[start : start + size]


def shortened(text: str) -> str:
    """Return a value as it is shown: on one line, and not too long."""
    shown = text if text.isprintable() and text == text.strip() and text else repr(text)
    return shown if len(shown) <= MOST_LETTERS else f"{shown[: MOST_LETTERS - 3]}..."
