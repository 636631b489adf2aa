"""The collection stage: copies each source into Parquet, unchanged, with a digest.

Preparation applies columns, rename, derive and where. So a changed expression does not read a
source again, and the digest is that of the source itself.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdlc.components.collection.readers import ReadRequest, SourceReader, reader_of
from mdlc.core import engine
from mdlc.core.documents.prepared_data import Snapshot, SourceSnapshot
from mdlc.core.errors import DataError, MdlcError, StorageError
from mdlc.core.files import digest_json, digest_path, storage_errors, write_document
from mdlc.core.names import is_column
from mdlc.core.spec.data import Data


def collect(data: Data, *, root: Path, out: Path) -> Snapshot:
    """Copy every source into `out`: <source>.parquet each, and snapshot.json.

    Raises:
        SpecError: a location or a type is malformed.
        DataError: a source is missing, empty, broken, or has columns that cannot be named.
    """
    sources: dict[str, SourceSnapshot] = {}
    with storage_errors(out), tempfile.TemporaryDirectory(dir=out) as folder:
        connection = engine.connect(scratch=Path(folder))
        try:
            for name, source in data.sources.items():
                request = ReadRequest(name=name, source=source, root=root)
                sources[name] = _copy(connection, request, out=out, scratch=Path(folder))
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
    requests = [
        ReadRequest(name=name, source=each, root=root) for name, each in data.sources.items()
    ]
    return {request.name: _digest(request) for request in requests}


def schemas(data: Data, *, root: Path) -> dict[str, dict[str, str]]:
    """Return source -> column -> Ibis type, without copying any rows.

    Raises:
        SpecError: a location or a type is malformed.
        DataError: a source is missing, empty, broken, or has columns that cannot be named.
    """
    with opened(data, root=root) as tables:
        return {
            name: {column: str(kind) for column, kind in table.schema().items()}
            for name, table in tables.items()
        }


@contextlib.contextmanager
def opened(data: Data, *, root: Path) -> Iterator[dict[str, Any]]:
    """Yield source -> its raw rows as an Ibis table, read where they lie; raises as `schemas`."""
    import duckdb

    tables: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mdlc-") as folder:
        connection = engine.connect(scratch=Path(folder))
        try:
            for name, source in data.sources.items():
                request = ReadRequest(name=name, source=source, root=root)
                reader = reader_of(source, name=name)
                try:
                    tables[name] = _open(reader, connection, request, scratch=Path(folder))
                except duckdb.Error as error:
                    raise reader.explain(error, request=request) from error
                _check_names(tables[name].columns, request=request)
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


def _open(reader: SourceReader, connection: Any, request: ReadRequest, *, scratch: Path) -> Any:
    import duckdb

    try:
        return reader.open(connection, request, scratch=scratch)
    except (MdlcError, duckdb.Error):
        raise
    except Exception as error:
        raise reader.explain(error, request=request) from error


def _copy(connection: Any, request: ReadRequest, *, out: Path, scratch: Path) -> SourceSnapshot:
    import duckdb
    import pyarrow.parquet

    source = request.source
    reader = reader_of(source, name=request.name)
    source_digest = _digest(request)
    path = out / f"{request.name}.parquet"
    try:
        table = _open(reader, connection, request, scratch=scratch)
        _check_names(table.columns, request=request)
        table.to_parquet(path, compression="zstd")
    except duckdb.Error as error:
        if engine.cannot_write(error):
            raise StorageError(
                f"cannot write {path}: no space left on the disk",
                hint="free space or choose another folder with --home, then run again",
            ) from error
        raise reader.explain(error, request=request) from error
    rows: int = pyarrow.parquet.read_metadata(path).num_rows
    if rows == 0:
        raise DataError(f"{source.location or request.name} has no rows", where=request.where)
    return SourceSnapshot(
        location=source.location,
        format=source.format,
        rows=rows,
        columns={name: str(kind) for name, kind in table.schema().items()},
        file=path.name,
        digest=digest_path(path),
        source_digest=source_digest,
    )


def _check_names(columns: tuple[str, ...], *, request: ReadRequest) -> None:
    """Refuse a column that no expression could name, unless it is renamed or left out."""
    source = request.source
    for name in columns:
        kept = not source.columns or name in source.columns
        if kept and name not in source.rename and not is_column(name):
            shown = name if len(name) <= 80 else f"{name[:77]}..."
            raise DataError(
                f"{shown!r} is not a column name: a letter, then letters, digits and _",
                where=request.where,
                hint=f"rename it under {request.part('rename')}, or list columns without it",
            )
