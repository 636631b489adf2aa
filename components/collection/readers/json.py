"""JSON: an array of objects, or an object a line. A key that is absent in a row is NULL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mdlc.components.collection.readers._base import FileReader, ReadRequest
from mdlc.core.errors import DataError


class Json(FileReader):
    """Reads arrays of objects and JSON lines."""

    def read(self, connection: Any, files: list[Path], *, request: ReadRequest) -> Any:
        """Return the rows; every row is looked at for keys and types.

        Raises:
            DataError: a row is not an object, or a key has values of different kinds.
        """
        table = connection.read_json([str(file) for file in files], sample_size=-1, records="true")
        ragged = [name for name, kind in table.schema().items() if kind.is_json()]
        if ragged:
            message = f"{ragged[0]} has values of different kinds (a number here, an object there)"
            raise DataError(message, where=request.where, hint="make them of one kind")
        return table
