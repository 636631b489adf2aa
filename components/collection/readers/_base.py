"""What every reader of a source is: something with a digest that opens as an Ibis table.

A new reader is one file with a class, and one line in `pyproject.toml` that names it as an entry
point of the group `mdlc.readers`; the entry point's name is its key in a source. `value` is the
type of that key's value: a location, or a pydantic model of the reader's own options.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mdlc.components.collection import confinement, locations, unpacking
from mdlc.components.collection.columns.cell_survey import Cells
from mdlc.core import engine
from mdlc.core.documents.prepared_data import Remark
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Source
from mdlc.core.spec.open_section import SectionKey


@dataclass(frozen=True)
class ReadRequest:
    """One source to read."""

    name: str
    source: Source
    root: Path
    """Folder that relative locations start from."""
    sensitive: frozenset[str] = frozenset()
    """Columns of the table whose values are not shown."""

    @property
    def options(self) -> Any:
        """The value of the reader's key, of the type that the class's `value` says."""
        return self.source.options

    @property
    def where(self) -> str:
        """The place of its location in the file."""
        return f"spec.data.sources.{self.name}.{self.source.format}"

    def part(self, field: str) -> str:
        """Return the place of one of its other fields in the file."""
        return f"spec.data.sources.{self.name}.{field}"

    def keeps(self, column: str) -> bool:
        """Say whether the file keeps a column: of others nothing needs to be said."""
        return not self.source.columns or column in self.source.columns

    @property
    def asked(self) -> set[str]:
        """The columns that the file names, so that they are read whatever they are called."""
        return {*self.source.columns, *self.source.rename, *self.source.types}

    @property
    def hidden(self) -> Hidden:
        """Columns of the source whose values are not shown."""
        return Hidden(self.source, self.sensitive)

    def remark(self, column: str, kind: str, message: str, hint: str = "") -> Remark:
        """Return a remark about one of its columns, or about all of it."""
        fields = {"source": self.name, "column": column, "kind": kind, "message": message}
        return Remark.model_validate({**fields, "hint": hint})

    def absent(self, column: str, *, without: list[str], files: int) -> Remark:
        """Return the remark about a column that some of the files lack."""
        more = f" and {len(without) - 1} more" if len(without) > 1 else ""
        message = f"it is not in {without[0]}{more} of {files} files, and missing in their rows"
        hint = f"list {self.part('columns')} without it, if it should not be used"
        return self.remark(column, "absent", message, hint)


@dataclass(frozen=True)
class Hidden(Container[str]):
    """Knows a source's sensitive columns by the names that they have before they are renamed."""

    source: Source
    sensitive: frozenset[str]

    def __contains__(self, column: object) -> bool:
        """Say whether the values of a column are not shown."""
        return self.source.rename.get(str(column), column) in self.sensitive


@dataclass(frozen=True)
class OpenedSource:
    """A source, open for reading."""

    table: Any
    """Its raw rows, as an Ibis table."""
    remarks: list[Remark] = field(default_factory=list)
    """What was decided where another reading was possible."""


@dataclass(frozen=True)
class SourceNames:
    """The columns of a source, before it is checked that expressions can use their names."""

    columns: list[str]
    left_out: dict[str, str] = field(default_factory=dict)
    """Those that are not read, as nobody gave them a name, each with the reason."""
    keys: dict[str, Any] = field(default_factory=dict)
    """Keys of the source that were recognized, such as its delimiter."""
    cells: Callable[[ReadRequest], Cells] | None = None
    """Reads all rows as texts; None where the format has types."""


class SourceReader(SectionKey):
    """Reads one format. mdlc makes one for each source, and calls nothing else on it."""

    heeds: ClassVar[frozenset[str]] = frozenset()
    """Keys about how values are spelled, such as `decimal`, that it reads; others are refused."""

    @abc.abstractmethod
    def digest(self, request: ReadRequest) -> str:
        """Return the SHA-256 of what would be read, without reading it as rows."""

    @abc.abstractmethod
    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> Any:
        """Return the raw rows as an Ibis table, reading as little as possible.

        mdlc then applies the rules of Parquet to its types: `types` of the source is checked, and
        values that a model would round are named. A reader that decides types itself returns an
        `OpenedSource`.

        Raises:
            DataError: there is nothing to read, or it is not what its format says.
        """

    def explain(self, error: Exception, *, request: ReadRequest) -> DataError:
        """Turn the engine's error of many lines into one line."""
        message = f"not readable as {request.source.format}: {engine.first_line(error)}"
        return DataError(message, where=request.where)


class LocatedReader(SourceReader):
    """Reads files: finds them, checks that they are not empty, unpacks them.

    `value` is a location, or a pydantic model with a field `location`.
    """

    value: ClassVar[Any] = str

    def digest(self, request: ReadRequest) -> str:
        """Return the SHA-256 of the file's bytes, or of the names and digests of a glob's files."""
        return confinement.digest(_find(request), where=request.where)

    def files(self, request: ReadRequest, *, scratch: Path) -> list[Path]:
        """Return the source's files, unpacked.

        Raises:
            DataError: there is none, or one is empty.
        """
        files = _find(request)
        for file in files:
            if file.stat().st_size == 0:
                raise DataError(f"{file} is empty", where=request.where)
        return [unpacking.unpack(file, scratch=scratch, where=request.where) for file in files]


class FileReader(LocatedReader):
    """Reads files of one format as one table: what a plug-in for a format derives from."""

    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> Any:
        """Find the files, refuse empty ones, unpack archives and read all as one table."""
        files = self.files(request, scratch=scratch)
        return self.read(connection, files, request=request)

    @abc.abstractmethod
    def read(self, connection: Any, files: list[Path], *, request: ReadRequest) -> Any:
        """Return the rows of all files as one table."""


class NamingReader(LocatedReader):
    """Decides types itself, and says what it decided; `mdlc init` asks it for a file's names."""

    @abc.abstractmethod
    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> OpenedSource:
        """Return the raw rows, typed, and what was decided; `scratch` is for large copies."""

    @abc.abstractmethod
    def names(self, connection: Any, request: ReadRequest, *, scratch: Path) -> SourceNames:
        """Return the columns' names, whether or not an expression could use them.

        Raises:
            DataError: there is nothing to read.
        """


def _find(request: ReadRequest) -> list[Path]:
    return locations.find(request.source.location, root=request.root, where=request.where)
