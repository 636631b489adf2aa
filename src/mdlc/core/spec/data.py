"""spec.data: where the rows come from and which table they make."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mdlc.core.errors import closest
from mdlc.core.names import is_column
from mdlc.core.spec.base import Duration, RuleError, SpecSection

FORMATS = ("csv", "tsv", "json", "parquet")
TEXTS = ("csv", "tsv")
"""Formats whose values are texts: how they are spelled is the source's."""
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
"""Keys of a source that only texts have, with their defaults."""


def _column(name: str) -> str:
    if not is_column(name):
        raise ValueError(f"{name!r} is not a column name: a letter, then letters, digits and _")
    return name


def _is_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


Column = Annotated[str, AfterValidator(_column)]


class Source(SpecSection):
    """One source of rows: exactly one of csv, tsv, json (an array or lines) or parquet.

    Each location is a path relative to the lifecycle file (globs allowed), an absolute path, or
    `package://NAME/FILE` for a file that an installed Python package ships. `.gz` and single-file
    `.zip` are read as they are.
    """

    csv: str | None = Field(None, description="Location of comma-separated text.")
    tsv: str | None = Field(None, description="Location of tab-separated text.")
    json_: str | None = Field(
        None, alias="json", description="Location of an array of objects, or of an object a line."
    )
    parquet: str | None = Field(None, description="Location of Parquet.")
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
    derive: dict[Column, str] = Field(
        default={}, description="New column -> SQL expression over this source's columns, in order."
    )
    where: str | None = Field(None, description="SQL condition; rows that fail it are left out.")

    @model_validator(mode="after")
    def _one_format(self) -> Source:
        given = [name for name in FORMATS if self.location_of(name)]
        if len(given) != 1:
            raise ValueError(
                f"a source has exactly one of {', '.join(FORMATS)}; got {given or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _dialect_fits(self) -> Source:
        texts = self.format in TEXTS
        for key, value in {**DIALECT, "date_format": {}}.items():
            told = getattr(self, key) != value
            if told and not texts and not (key == "date_format" and self.format == "json"):
                raise RuleError(f"{key} is for csv and tsv, not for {self.format}", key)
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise RuleError(f"{self.delimiter!r} is not one character", "delimiter")
        if self.decimal not in {".", ","}:
            raise RuleError(f"{self.decimal!r} is neither . nor a comma", "decimal")
        if self.thousands and (self.thousands.isalnum() or self.thousands in {self.decimal, "-"}):
            raise RuleError(f"{self.thousands!r} cannot stand between digits", "thousands")
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise RuleError(f"{self.encoding!r} is not an encoding of text", "encoding")
        return self

    def location_of(self, name: str) -> str | None:
        """Return the location given for a format, or None."""
        location: str | None = getattr(self, "json_" if name == "json" else name)
        return location

    @property
    def format(self) -> str:
        """The one format that is given."""
        return next(name for name in FORMATS if self.location_of(name))

    @property
    def location(self) -> str:
        """The one location that is given."""
        return self.location_of(self.format) or ""


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
    derive: dict[Column, str] = Field(
        default={}, description="New column -> SQL expression over the joined table, in order."
    )
    where: str | None = Field(None, description="SQL condition on the joined table.")
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


class DataCheck(SpecSection):
    """A data test. A failing test stops the run unless its severity is warn."""

    column: Column | None = Field(None, description="None: a test of the whole table.")
    not_null: bool = Field(False, description="No value is NULL.")
    max_null_ratio: float | None = Field(
        None, ge=0, le=1, description="Share of NULLs that is allowed."
    )
    unique: bool = Field(False, description="No value occurs twice.")
    min: float | str | None = Field(None, description="No value is below; dates as text.")
    max: float | str | None = Field(None, description="No value is above; dates as text.")
    one_of: list[str | int | float | bool] | None = Field(
        None, description="Every value is one of these."
    )
    pattern: str | None = Field(None, description="Regular expression that the whole text matches.")
    min_rows: int | None = Field(None, ge=0, description="The table has at least so many rows.")
    expression: str | None = Field(None, description="SQL condition that every row meets.")
    severity: Literal["error", "warn"] = Field(
        "error", description="error stops the run, warn is only recorded."
    )


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
