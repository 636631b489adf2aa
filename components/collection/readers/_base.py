"""What every reader of a source is: something with a digest that opens as an Ibis table."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.components.collection import confinement, locations, unpacking
from mdlc.core import engine
from mdlc.core.errors import DataError
from mdlc.core.spec.data import Source


@dataclass(frozen=True)
class ReadRequest:
    """One source to read."""

    name: str
    source: Source
    root: Path
    """Folder that relative locations start from."""

    @property
    def where(self) -> str:
        """The place of its location in the file."""
        return f"spec.data.sources.{self.name}.{self.source.format}"

    def part(self, field: str) -> str:
        """Return the place of one of its other fields in the file."""
        return f"spec.data.sources.{self.name}.{field}"


class SourceReader(abc.ABC):
    """Reads one format."""

    @abc.abstractmethod
    def digest(self, request: ReadRequest) -> str:
        """Return the SHA-256 of what would be read, without reading it as rows."""

    @abc.abstractmethod
    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> Any:
        """Return the raw rows as an Ibis table, reading as little as possible.

        Raises:
            DataError: there is nothing to read, or it is not what its format says.
        """

    def explain(self, error: Exception, *, request: ReadRequest) -> DataError:
        """Turn the engine's refusal, of many lines, into one line."""
        message = f"not readable as {request.source.format}: {engine.first_line(error)}"
        return DataError(message, where=request.where)


class FileReader(SourceReader):
    """Reads files of one format: finds them, unpacks them, looks at them, then opens them."""

    def digest(self, request: ReadRequest) -> str:
        """Return the SHA-256 of the file's bytes, or of the names and digests of a glob's files."""
        return confinement.digest(_find(request), where=request.where)

    def open(self, connection: Any, request: ReadRequest, *, scratch: Path) -> Any:
        """Find the files, refuse empty ones, unpack archives and read all as one table."""
        files = _find(request)
        for file in files:
            if file.stat().st_size == 0:
                raise DataError(f"{file} is empty", where=request.where)
        unpacked = [unpacking.unpack(file, scratch=scratch, where=request.where) for file in files]
        return self.read(connection, unpacked, request=request)

    @abc.abstractmethod
    def read(self, connection: Any, files: list[Path], *, request: ReadRequest) -> Any:
        """Return the rows of all files as one table."""


def _find(request: ReadRequest) -> list[Path]:
    return locations.find(request.source.location, root=request.root, where=request.where)
