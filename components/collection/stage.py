"""The collection stage: copies each source into Parquet, unchanged, with a digest.

Rows are raw: derive and where belong to preparation, so that a changed expression never asks a
source again, and a digest says what the source gave. Columns keep the names that they came with.

There is one way to read a source, `open_source`: a run, `mdlc validate`, `mdlc init` and
`mdlc predict --rows` all take it, so a value means the same everywhere.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdlc.components.collection.locations import folders
from mdlc.components.collection.readers import (
    LocatedReader,
    OpenedSource,
    ReadRequest,
    reader_of,
    typed_parts,
)
from mdlc.core import engine, sql
from mdlc.core.documents.prepared_data import Snapshot, SourceSnapshot
from mdlc.core.errors import DataError, MdlcError, SpecError, StorageError
from mdlc.core.files import SCRATCH, digest_json, digest_path, storage_errors, write_document
from mdlc.core.names import is_column
from mdlc.core.spec.data import Data


def collect(data: Data, *, root: Path, out: Path) -> Snapshot:
    """Copy every source into `out`: <source>.parquet each, and snapshot.json.

    Raises:
        SpecError: a location or a type is malformed.
        DataError: a source is missing, empty, broken, or has columns that cannot be named.
    """
    sources: dict[str, SourceSnapshot] = {}
    with storage_errors(out), tempfile.TemporaryDirectory(dir=out, prefix=SCRATCH) as folder:
        connection = _engine(data, root=root, scratch=Path(folder), out=out)
        try:
            for request in _requests(data, root=root):
                scratch = Path(folder)
                sources[request.name] = _copy(connection, request, out=out, scratch=scratch)
        finally:
            connection.disconnect()
    digest = digest_json({name: source.digest for name, source in sources.items()})
    snapshot = Snapshot(sources=sources, digest=digest)
    write_document(out / "snapshot.json", snapshot)
    return snapshot


def source_digests(data: Data, *, root: Path) -> dict[str, str]:
    """Return the SHA-256 of the bytes behind each source, without reading them as rows.

    Raises:
        DataError: a source is missing.
    """
    return {request.name: _digest(request) for request in _requests(data, root=root)}


@contextlib.contextmanager
def opened(data: Data, *, root: Path) -> Iterator[dict[str, Any]]:
    """Yield source -> its raw rows as an Ibis table, read where they lie.

    Raises:
        SpecError: a location or a type is malformed.
        DataError: a source is missing, empty, broken, or has columns that cannot be named.
    """
    tables: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mdlc-") as folder:
        connection = _engine(data, root=root, scratch=Path(folder))
        try:
            for request in _requests(data, root=root):
                found = open_source(connection, request, scratch=Path(folder))
                tables[request.name] = found.table
            yield tables
        finally:
            connection.disconnect()


def _digest(request: ReadRequest) -> str:
    reader = reader_of(request.source, name=request.name)
    try:
        return reader.digest(request)
    except MdlcError:
        raise
    except Exception as error:
        # A reader of another package may raise anything; the source is what cannot be read.
        raise reader.explain(error, request=request) from error


def open_source(connection: Any, request: ReadRequest, *, scratch: Path) -> OpenedSource:
    """Return a source's raw rows, typed, and what was decided about them.

    Raises:
        SpecError: a location or a type is malformed.
        DataError: the source is missing, empty, broken, or has columns that cannot be named.
        StageError: a query took longer, or needs more memory, than it may.
    """
    reader = reader_of(request.source, name=request.name)
    _check_types(request)
    try:
        found = reader.open(connection, request, scratch=scratch)
        if not isinstance(found, OpenedSource):  # of a plug-in: it has types, but says nothing
            part = typed_parts.part_of(connection, found, name=request.source.format)
            found = typed_parts.opened(connection, [part], request=request)
    except MdlcError:
        raise
    except Exception as error:
        raise _explained(error, request=request) from error
    _check_names(found.table.columns, request=request)
    return found


def _requests(data: Data, *, root: Path) -> Iterator[ReadRequest]:
    hidden = frozenset(data.sensitive)
    for name, source in data.sources.items():
        yield ReadRequest(name=name, source=source, root=root, sensitive=hidden)


def _explained(error: Exception, *, request: ReadRequest) -> MdlcError:
    if engine.cannot_write(error):
        return StorageError(
            f"cannot copy source {request.name}: no space left on the disk",
            hint="free space or choose another folder with --home, then run again",
        )
    bound = engine.exhausted(error, stage="collection")
    return bound or reader_of(request.source, name=request.name).explain(error, request=request)


def _engine(data: Data, *, root: Path, scratch: Path, out: Path | None = None) -> Any:
    """Open the engine for reading where files may be, and for writing into `out`.

    A reader that reads no files has a location of its own kind, or none, and fetches the rows
    itself.
    """
    files = {
        request.where: request.source.location
        for request in _requests(data, root=root)
        if isinstance(reader_of(request.source, name=request.name), LocatedReader)
    }
    return engine.connect(
        scratch=scratch,
        reads=[*folders(files, root=root), *([out] if out else [])],
        timeout=data.limits.timeout,
        memory=data.limits.memory or "",
    )


def _check_types(request: ReadRequest) -> None:
    """Refuse what is not the name of a type: it reaches the engine as SQL."""
    for column, text in request.source.types.items():
        try:
            sql.checked_type(text)
        except sql.SqlError as error:
            raise SpecError(str(error), where=f"{request.part('types')}.{column}") from error


def _copy(connection: Any, request: ReadRequest, *, out: Path, scratch: Path) -> SourceSnapshot:
    import duckdb
    import pyarrow.parquet

    source = request.source
    source_digest = _digest(request)
    path = out / f"{request.name}.parquet"
    found = open_source(connection, request, scratch=scratch)
    try:
        found.table.to_parquet(path, compression="zstd")
    except duckdb.Error as error:
        raise _explained(error, request=request) from error
    rows: int = pyarrow.parquet.read_metadata(path).num_rows
    if rows == 0:
        raise DataError(f"{source.location or request.name} has no rows", where=request.where)
    return SourceSnapshot(
        location=source.location,
        format=source.format,
        rows=rows,
        columns={name: str(kind) for name, kind in found.table.schema().items()},
        file=path.name,
        digest=digest_path(path),
        source_digest=source_digest,
        remarks=found.remarks,
    )


def _check_names(columns: tuple[str, ...], *, request: ReadRequest) -> None:
    """Refuse a column that no expression could name, unless it is renamed or left out."""
    source = request.source
    for name in columns:
        if request.keeps(name) and name not in source.rename and not is_column(name):
            shown = name if len(name) <= 80 else f"{name[:77]}..."
            raise DataError(
                f"{shown!r} is not a column name: a letter, then letters, digits and _",
                where=request.where,
                hint=f"rename it under {request.part('rename')}, or list columns without it",
            )
