"""spec.data: where the rows come from and which table they make."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from mdlc.core import sql
from mdlc.core.errors import closest
from mdlc.core.names import is_column
from mdlc.core.plugins import CHECKS, READERS, names
from mdlc.core.spec.base import Duration, RuleError, SpecSection
from mdlc.core.spec.open_section import OpenSection

DIALECT: dict[str, Any] = {
    "header": True,
    "skip": 0,
    "delimiter": None,
    "quote": '"',
    "encoding": None,
    "decimal": ".",
    "thousands": "",
    "nulls": ["", "NA", "NULL"],
}
"""Keys of a source about how a text is written, with their defaults."""


def _column(name: str) -> str:
    if not is_column(name):
        raise ValueError(f"{name!r} is not a column name: a letter, then letters, digits and _")
    return name


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def _amount(text: str) -> str:
    if not AMOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount of memory such as 512MB or 8GB")
    return text


AMOUNT = re.compile(r"0*[1-9]\d*(\.\d+)? ?[KMGT]i?B?")
Column = Annotated[str, AfterValidator(_column)]
CheckedSql = Annotated[str, AfterValidator(sql.checked)]
"""SQL of what docs/expressions.md lists."""
Amount = Annotated[str, AfterValidator(_amount)]


class Source(OpenSection):
    """One source of rows: exactly one of its readers' keys, such as csv, tsv, json or parquet.

    Each location is a path relative to the lifecycle file (globs allowed), an absolute path below
    its folder or a folder of the owner's MDLC_DATA_ROOTS, or `package://NAME/FILE` for a file that
    an installed Python package ships. `.gz` and single-file `.zip` are read as they are. A
    plug-in's reader may want more than a location, under its key.
    """

    group: ClassVar[str] = READERS

    header: bool = Field(True, description="csv, tsv: the first line names the columns.")
    skip: int = Field(0, ge=0, description="csv, tsv: lines before the header, or the first row.")
    delimiter: str | None = Field(
        None, description="csv, tsv: character between values, such as ;. Default: , or a tab."
    )
    quote: str = Field(
        '"', max_length=1, description='csv, tsv: character around a value; "" for none.'
    )
    encoding: str | None = Field(
        None, description="csv, tsv: such as utf-16, latin-1 or cp1252. Default: utf-8."
    )
    decimal: str = Field(".", description="csv, tsv: the decimal mark of numbers, . or a comma.")
    thousands: str = Field(
        "",
        max_length=1,
        description="csv, tsv: mark between groups of three digits, such as a dot.",
    )
    date_format: str | dict[str, str] = Field(
        default={},
        description="csv, tsv, json: strptime format of dates, such as %m/%d/%Y: one for all "
        "columns that fit it, or column -> format.",
    )
    nulls: list[str] = Field(
        default=["", "NA", "NULL"], description="csv, tsv: texts meaning NULL."
    )
    types: dict[str, str] = Field(
        default={},
        description="Column -> DuckDB type, where the one read is wrong; refused where it would "
        "change a value.",
    )
    columns: list[str] = Field(default=[], description="Keep only these; [] keeps all.")
    rename: dict[str, Column] = Field(default={}, description="Old name -> new name.")
    derive: dict[Column, CheckedSql] = Field(
        default={}, description="New column -> SQL expression over this source's columns, in order."
    )
    where: CheckedSql | None = Field(
        None, description="SQL condition; rows that fail it are left out."
    )

    @model_validator(mode="after")
    def _one_reader(self) -> Source:
        given = list(self.asked)
        if len(given) != 1:
            known = ", ".join(names(READERS))
            raise ValueError(f"a source has exactly one of {known}; got {given or 'none'}")
        return self

    @model_validator(mode="after")
    def _dialect_fits(self) -> Source:
        heeds: frozenset[str] = getattr(self.plugin_key(self.format), "heeds", frozenset())
        for key, value in {**DIALECT, "date_format": {}}.items():
            if getattr(self, key) != value and key not in heeds:
                raise RuleError(f"{key} means nothing to {self.format}", key)
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise RuleError(f"{self.delimiter!r} is not one character", "delimiter")
        if self.decimal not in {".", ","}:
            raise RuleError(f"{self.decimal!r} is neither . nor a comma", "decimal")
        if self.thousands and (self.thousands.isalnum() or self.thousands in {self.decimal, "-"}):
            raise RuleError(f"{self.thousands!r} cannot stand between digits", "thousands")
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise RuleError(f"{self.encoding!r} is not an encoding of text", "encoding")
        return self

    @property
    def format(self) -> str:
        """The name of its reader."""
        return next(iter(self.asked))

    @property
    def options(self) -> Any:
        """What stands under the reader's key, as the reader's own model: for csv a location."""
        return self.asked[self.format]

    @property
    def location(self) -> str:
        """Where its file is; "" for what a reader finds without one, such as a database."""
        options = self.options
        return options if isinstance(options, str) else str(getattr(options, "location", ""))


class AsOf(SpecSection):
    """Join each row with the newest row of the source that was known by then."""

    time: Column = Field(description="Time column of the table.")
    source_time: Column = Field(description="Time column of the source.")
    at_least: Duration = Field("0s", validate_default=True, description="How old it must be.")
    at_most: Duration = Field("1d", validate_default=True, description="How old it may be.")


class Join(SpecSection):
    """A left join of one more source; rows are never multiplied."""

    source: str = Field(description="The source to join.")
    match: list[Column] = Field(default=[], description="Columns equal on both sides.")
    as_of: AsOf | None = Field(None, description="Join by time, besides or instead of match.")

    @model_validator(mode="after")
    def _some_condition(self) -> Join:
        if not self.match and self.as_of is None:
            raise ValueError("a join needs match, as_of or both")
        return self


class Table(SpecSection):
    """One row for each decision."""

    source: str = Field("", description="Source whose rows are the decisions; default: the first.")
    join: list[Join] = Field(default=[], description="Left joins, in order.")
    derive: dict[Column, CheckedSql] = Field(
        default={}, description="New column -> SQL expression over the joined table, in order."
    )
    where: CheckedSql | None = Field(None, description="SQL condition on the joined table.")
    key: list[Column] = Field(
        default=[], description="Columns that identify a row; [] is its number."
    )
    time: Column | None = Field(None, description="When the decision is asked for.")
    label_time: Column | None = Field(
        None, description="When the truth is known; default: at time."
    )


class Image(SpecSection):
    """Packs number columns into one image feature."""

    name: Column = Field("image", description="Name of the feature.")
    prefix: str = Field(description="Columns whose names start with it, in their order.")
    shape: tuple[int, int, int] = Field(description="Height, width, channels.")
    scale: float = Field(255, gt=0, description="Pixel values are divided by it, giving 0 to 1.")


class DataCheck(OpenSection):
    """A data test. A failing test stops the run unless its severity is warn."""

    group: ClassVar[str] = CHECKS
    column: Column | None = Field(None, description="None: a test of the whole table.")
    severity: Literal["error", "warn"] = Field(
        "error", description="error stops the run, warn is only recorded."
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> DataCheck:
        if not self.asked:
            raise ValueError(f"the check asks for nothing; give {', '.join(names(CHECKS))}")
        for name in self.asked:
            if self.column is None and getattr(self.plugin_key(name), "needs_column", False):
                raise RuleError(f"{name} is about a column; give column", name)
        return self


class Limits(SpecSection):
    """How much one query over the data may take; the machine's owner may allow less."""

    timeout: Duration = Field(
        "1h", validate_default=True, description="Time of one query; at most MDLC_QUERY_SECONDS."
    )
    memory: Amount | None = Field(
        None,
        description="Memory such as 8GB; None: 80 % of the machine's, at most MDLC_QUERY_MEMORY.",
    )

    @model_validator(mode="after")
    def _positive(self) -> Limits:
        if not self.timeout.total_seconds() > 0:
            raise RuleError("the time of a query is above 0", "timeout")
        return self


def _no_source(name: str, known: set[str]) -> str:
    return f"there is no source {name}; {closest(name, known)}"


class Data(SpecSection):
    """Sources, the table they make, its features, and the tests it passes."""

    sources: dict[Column, Source] = Field(
        min_length=1, description="Name -> where its rows come from."
    )
    table: Table = Field(Table(), description="How the sources make one row for each decision.")
    target: Column = Field(description="The column to predict.")
    features: list[Column] = Field(
        default=[],
        description="[] is every column that is not the target, a key, a time, or below.",
    )
    categories: list[Column] = Field(
        default=[], description="Features that are categories though they are numbers."
    )
    identifiers: list[Column] = Field(
        default=[], description="Names of things; never features, their drift means nothing."
    )
    sensitive: list[Column] = Field(
        default=[],
        description="Values not shown in logs, metrics, reports and examples, nor sent to outside "
        "services (statistics and `model.slices` are shown); the payload store keeps them as "
        "training data.",
    )
    known_later: list[Column] = Field(
        default=[], description="Known only after the decision; refused as features."
    )
    image: Image | None = Field(None, description="Pixel columns that make one image feature.")
    checks: list[DataCheck] = Field(default=[], description="Data tests of the joined table.")
    limits: Limits = Field(Limits(), description="How much one query over the data may take.")

    @model_validator(mode="after")
    def _names_agree(self) -> Data:
        known = set(self.sources)
        if self.table.source and self.table.source not in known:
            raise RuleError(_no_source(self.table.source, known), "table", "source")
        for number, join in enumerate(self.table.join):
            if join.source not in known:
                raise RuleError(_no_source(join.source, known), "table", "join", number, "source")
        forbidden = {self.target: "the target", **dict.fromkeys(self.known_later, "known_later")}
        forbidden.update(dict.fromkeys(self.identifiers, "an identifier"))
        for number, feature in enumerate(self.features):
            if feature in forbidden:
                raise RuleError(
                    f"{feature} cannot be a feature: it is {forbidden[feature]}",
                    "features",
                    number,
                )
        return self
