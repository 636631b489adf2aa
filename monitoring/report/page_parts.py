"""The parts of a page as data: sections return them, the templates decide how they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Tone = Literal["", "good", "bad", "warn", "muted", "strong"]


@dataclass(frozen=True)
class Cell:
    """One cell of a table, or one short text with a tone."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Plot:
    """A plotly figure and the sentence that says what to see in it."""

    kind: ClassVar[str] = "plot"
    title: str
    figure: Any
    caption: str
    wide: bool = False
    """Whether it scrolls sideways on a phone; otherwise it shrinks to the screen's width."""


@dataclass(frozen=True)
class ReportTable:
    """Rows of cells. `numbers` are the columns that are aligned to the right."""

    kind: ClassVar[str] = "table"
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers: frozenset[int] = frozenset()
    note: str = ""
    folded: bool = False
    """Whether the table is closed until the reader opens it; in print it is open."""

    def cells(self) -> list[list[Cell]]:
        """Return the rows with every text wrapped as a cell."""
        return [[c if isinstance(c, Cell) else Cell(c) for c in row] for row in self.rows]


@dataclass(frozen=True)
class Fact:
    """One important number, its name, and its meaning."""

    label: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Facts:
    """A row of facts."""

    kind: ClassVar[str] = "facts"
    items: Sequence[Fact]


@dataclass(frozen=True)
class Notes:
    """Sentences for the reader."""

    kind: ClassVar[str] = "notes"
    title: str
    items: Sequence[Cell | str]

    def cells(self) -> list[Cell]:
        """Return the sentences as cells."""
        return [item if isinstance(item, Cell) else Cell(item) for item in self.items]


@dataclass(frozen=True)
class Pictures:
    """Small images as data URIs, each with its label."""

    kind: ClassVar[str] = "pictures"
    title: str
    items: Sequence[tuple[str, str]]
    caption: str


@dataclass(frozen=True)
class Code:
    """A piece of SQL or text that is shown as it is."""

    kind: ClassVar[str] = "code"
    title: str
    text: str


Block = Plot | ReportTable | Facts | Notes | Pictures | Code


@dataclass(frozen=True)
class ReportSection:
    """One part of the report. With `missing`, it says why there is nothing to show."""

    id: str
    title: str
    lead: str = ""
    blocks: Sequence[Block] = field(default_factory=list)
    missing: str = ""


@dataclass(frozen=True)
class Headline:
    """The summary at the top of the page."""

    sentence: str
    facts: Sequence[Fact]
    look_at: Sequence[Cell]
