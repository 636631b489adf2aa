"""Parquet: types come with the file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from mdlc.components.collection.readers._base import FileReader, ReadRequest
from mdlc.core.errors import DataError


class Parquet(FileReader):
    """Reads Parquet files that have the same columns."""

    def read(self, connection: Any, files: list[Path], *, request: ReadRequest) -> Any:
        """Return the rows.

        Raises:
            DataError: a file is truncated, or names two columns alike.
        """
        from pyarrow import ArrowException, parquet

        for file in files:
            try:
                names = parquet.read_schema(file).names
            except (ArrowException, OSError) as error:
                message = f"{file} is not a whole Parquet file"
                raise DataError(message, where=request.where, hint="write it again") from error
            twice = [name for name, count in Counter(map(str.lower, names)).items() if count > 1]
            if twice:
                message = f"{file.name}: two columns are called {twice[0]}"
                raise DataError(message, where=request.where, hint="rename one of them")
        return connection.read_parquet([str(file) for file in files])
