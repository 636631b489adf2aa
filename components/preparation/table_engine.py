"""The engine that makes the table: it reads what the stage is given, and a query has bounds."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mdlc.core import engine
from mdlc.core.errors import DataError, StorageError
from mdlc.core.files import SCRATCH
from mdlc.core.spec.data import Data


@contextlib.contextmanager
def opened(data: Data, *, reads: list[Path], out: Path) -> Iterator[tuple[Any, Path]]:
    """Open the engine with a folder for what does not fit into memory, on the disk of `out`.

    It reads what `reads` names and writes into `out`; a file's expressions reach nothing else.

    Raises:
        DataError: the table cannot be computed of these rows.
        StageError: a query took longer, or needs more memory, than it may.
        StorageError: the disk is full.
    """
    import duckdb

    limits = data.limits
    with tempfile.TemporaryDirectory(dir=out, prefix=SCRATCH) as folder:
        connection = engine.connect(
            scratch=Path(folder),
            reads=[*reads, out],
            timeout=limits.timeout,
            memory=limits.memory or "",
        )
        try:
            yield connection, Path(folder)
        except duckdb.Error as error:
            if bound := engine.exhausted(error, stage="preparation"):
                raise bound from error
            if engine.cannot_write(error):
                raise StorageError(f"cannot write {out}: no space left on the disk") from error
            message = f"the table cannot be computed: {engine.first_line(error)}"
            raise DataError(message, where="spec.data.table") from error
        finally:
            connection.disconnect()
