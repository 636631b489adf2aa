"""Readers of sources, one file each; `pyproject.toml` lists them as entry points.

What another package needs to add a reader is importable from here; docs/plugins.md has a complete
example.
"""

from __future__ import annotations

from typing import cast

from mdlc.components.collection.readers._base import (
    FileReader,
    LocatedReader,
    NamingReader,
    OpenedSource,
    ReadRequest,
    SourceReader,
)
from mdlc.core.errors import SpecError
from mdlc.core.spec.base import SpecSection
from mdlc.core.spec.data import Source


def reader_of(source: Source, *, name: str) -> SourceReader:
    """Return the reader that the source called `name` asks for.

    Raises:
        SpecError: no installed package has it, or it cannot be imported.
    """
    try:
        return cast("type[SourceReader]", Source.plugin_key(source.format))()
    except SpecError as error:
        error.where = f"spec.data.sources.{name}.{source.format}"
        raise


__all__ = [
    "FileReader",
    "LocatedReader",
    "NamingReader",
    "OpenedSource",
    "ReadRequest",
    "SourceReader",
    "SpecSection",
    "reader_of",
]
