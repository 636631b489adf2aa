"""Collection: what arrived, as Parquet with digests, before anything is done to it.

Rows are raw: columns, rename, derive and where belong to preparation, so that a changed expression
never asks a source again, and a digest says what the source gave.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdlc.components.collection.locations import folders
from mdlc.components.collection.readers import READERS, ReadRequest
from mdlc.core import engine, sql
from mdlc.core.documents.prepared_data import Snapshot, SourceSnapshot
from mdlc.core.errors import DataError, SpecError, StorageError
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
    return {
        name: READERS[source.format].digest(ReadRequest(name=name, source=source, root=root))
        for name, source in data.sources.items()
    }


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
        connection = _engine(data, root=root, scratch=Path(folder))
        try:
            for name, source in data.sources.items():
                request = ReadRequest(name=name, source=source, root=root)
                _check_types(request)
                reader = READERS[source.format]
                try:
                    tables[name] = reader.open(connection, request, scratch=Path(folder))
                except duckdb.Error as error:
                    bound = engine.exhausted(error, stage="collection")
                    raise bound or reader.explain(error, request=request) from error
                _check_names(tables[name].columns, request=request)
            yield tables
        finally:
            connection.disconnect()


def _engine(data: Data, *, root: Path, scratch: Path, out: Path | None = None) -> Any:
    """Open the engine for reading where sources may lie, and for writing into `out`."""
    requests = [ReadRequest(name=n, source=s, root=root) for n, s in data.sources.items()]
    places = folders({one.where: one.source.location for one in requests}, root=root)
    return engine.connect(
        scratch=scratch,
        reads=[*places, *([out] if out else [])],
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
    reader = READERS[source.format]
    source_digest = reader.digest(request)
    path = out / f"{request.name}.parquet"
    _check_types(request)
    try:
        table = reader.open(connection, request, scratch=scratch)
        _check_names(table.columns, request=request)
        table.to_parquet(path, compression="zstd")
    except duckdb.Error as error:
        if engine.cannot_write(error):
            raise StorageError(
                f"cannot write {path}: no space left on the disk",
                hint="free space or choose another folder with --home, then run again",
            ) from error
        bound = engine.exhausted(error, stage="collection")
        raise bound or reader.explain(error, request=request) from error
    rows: int = pyarrow.parquet.read_metadata(path).num_rows
    if rows == 0:
        raise DataError(f"{source.location} has no rows", where=request.where)
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
