"""What collection and preparation write: snapshot.json, prepared.json."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from mdlc.core.columns import Feature
from mdlc.core.files import Document
from mdlc.core.spec.model import Task


class Remark(Document):
    """What reading did where another reading was possible, and how to say otherwise."""

    source: str
    column: str
    """"" for all of the source."""
    kind: Literal[
        "text",
        "number",
        "rounded",
        "date",
        "missing",
        "dialect",
        "nameless",
        "absent",
        "type",
        "spelling",
        "time",
        "copies",
    ]
    """What it is about: a text that looks like something else, a number that may be a code, digits
    that a double does not keep, the order of day and month, cells read as missing, how the file is
    written, a column without a name, one that some files lack, types that differ between files,
    words that mean the same, a date taken as the rows' time, or rows that occur more than once."""
    message: str
    hint: str = ""
    """The next step, if the reading is wrong."""

    def __str__(self) -> str:
        """Return it as one line."""
        place = f"{self.source}.{self.column}" if self.column else self.source
        return f"{place}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class LeftOut(Document):
    """A column that is no feature."""

    column: str
    why: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.column} is not a feature: {self.why}"


class SourceSnapshot(Document):
    """One source as Parquet."""

    location: str
    format: str
    rows: int
    columns: dict[str, str]
    """Column -> Ibis type."""
    file: str
    """Name of the Parquet file in the snapshot's folder."""
    digest: str
    """SHA-256 of that file."""
    source_digest: str
    """SHA-256 of the bytes that were read."""
    remarks: list[Remark] = []
    """One for each column whose type is a guess with consequences; what else was decided."""


class Snapshot(Document):
    """All sources at one moment."""

    sources: dict[str, SourceSnapshot]
    digest: str
    """Of the sources' digests."""


class CheckResult(Document):
    """One data test."""

    name: str
    """In words, such as "distance: not below 0"."""
    column: str | None
    severity: str
    passed: bool
    failing_rows: int
    examples: list[Any] = []
    """At most five failing values; none of a sensitive column."""
    where: str
    """Path in the file, such as spec.data.checks[2], or "" for a built-in test."""


class GuardFinding(Document):
    """One test of the feedback, in the slice where it came out worst, or where it failed."""

    rule: str
    """Key of spec.retrain.guard."""
    subject: str
    """Which rows and which class, in words; "" for all."""
    rows: int
    """Rows tested; 0: the test was not possible, and `note` says why."""
    value: float | None = None
    bound: float | None = None
    z: float | None = None
    """How many standard errors the value is above the bound."""
    passed: bool = True
    quarantined: int = 0
    """Rows put aside for it, which are in quarantine.parquet."""
    note: str = ""


class Prepared(Document):
    """The table that training uses, in table.parquet beside this document.

    Its columns: __key text, __time and __label_time timestamps (UTC, without zone; NULL without a
    time column), __split (train, validation, test, later), __target (text of the class, or double),
    the features under their own names, and the slice columns.
    """

    task: Task
    classes: list[str]
    features: list[Feature]
    left_out: list[LeftOut] = []
    """Columns of the table that are no features, and why."""
    remarks: list[Remark] = []
    """What preparation did that the file does not say, and how to say otherwise."""
    slices: list[str]
    has_time: bool
    until: datetime | None
    """Rows from here on are `later`: unknown when the model was made."""
    rows: dict[str, int]
    """Split -> rows."""
    boundaries: dict[str, datetime]
    """train, validation, test: where each begins; empty without time."""
    removed_null_target: int
    removed_unknown_label: int
    """Rows whose label was not known yet when their split ended."""
    target_by_split: dict[str, dict[str, float]]
    """Split -> class -> share; for regression mean, std, min, max."""
    test_ratio: float | None = None
    """Without a time column: the share of rows that tests."""
    copies: int = 0
    """Rows that are copies of another; then table.parquet has __copy, the same text for each."""
    checks: list[CheckResult]
    guard: list[GuardFinding] = []
    """Tests of the feedback; empty without."""
    quarantined: int = 0
    """Feedback rows that were put aside."""
    anchor: int = 0
    """Rows of anchor.parquet: test rows as the sources label them, whatever feedback says."""
    digest: str
    """Of table.parquet."""
