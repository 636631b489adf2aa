"""Text whose columns have a fixed width, as mainframes write it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from mdlc.components.collection.readers import FileReader, ReadRequest, SpecSection
from mdlc.core.errors import DataError

Width = Annotated[int, Field(ge=1)]


class Layout(SpecSection):
    """Where the file is, and how wide its columns are."""

    location: str = Field(description="Location of the text; it has no header.")
    widths: dict[str, Width] = Field(
        min_length=1, description="Column -> its characters, in the file's order."
    )


class FixedWidth(FileReader):
    """Text with columns of fixed width."""

    value: ClassVar[Any] = Layout

    def read(self, connection: Any, files: list[Path], *, request: ReadRequest) -> Any:
        """Return the rows; a column of whole numbers, numbers or times has that type.

        Raises:
            DataError: a line is shorter or longer than the widths, or is not UTF-8.
        """
        import ibis
        import pyarrow as pa

        widths = request.options.widths
        columns: dict[str, list[str | None]] = {name: [] for name in widths}
        for file in files:
            for line in _lines(file, request=request):
                start = 0
                for name, width in widths.items():
                    columns[name].append(line[start : start + width].strip() or None)
                    start += width
        table = pa.table({name: _typed(texts) for name, texts in columns.items()})
        return connection.create_view(f"{request.name}_fixed_width", ibis.memtable(table))


def _lines(file: Path, *, request: ReadRequest) -> list[str]:
    total = sum(request.options.widths.values())
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError("the text is not UTF-8", where=request.where) from error
    for number, line in enumerate(lines, start=1):
        if len(line) != total:
            message = f"line {number}: {len(line)} characters where the widths add up to {total}"
            raise DataError(message, where=f"{request.where}.widths")
    return lines


def _typed(texts: list[str | None]) -> Any:
    import pyarrow as pa

    column = pa.array(texts, pa.string())
    for kind in (pa.int64(), pa.float64(), pa.timestamp("us")):
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            continue
    return column
