"""Sources in memory: a DataFrame or Arrow table is written once as Parquet into the workspace.

The file's name contains the digest of its bytes, so the same rows give the same file, and the cache
treats it like any other file. A table that Parquet would not store unchanged is refused.

- Missing values of pandas (None, NaN, NaT, NA) become NULL; NaN in an Arrow table stays NaN.
- An index with names becomes columns. An index of whole numbers without a name is left out, because
  it only numbers the rows. Any other index without a name is refused.
- A category of text is stored as text. A category of numbers would be read back as numbers, so it
  is refused unless the file says that it is a category (`data.categories`) or not a feature.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdlc.core.errors import DataError
from mdlc.core.files import digest_path, storage_errors

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "sources"
"""The folder of these files in the workspace."""
DIGITS = 16
"""How many digits of the digest a file's name has."""


def is_table(value: Any) -> bool:
    """Return whether a value is a table in memory: pandas, Arrow, or what Arrow can read."""
    return hasattr(value, "__arrow_c_stream__") or _is_pandas(value)


def write_table(table: Any, *, name: str, folder: Path, categories: Collection[str] = ()) -> Path:
    """Write a table as the source `name` below `folder`, unless the same rows are there already.

    Args:
        table: A pandas DataFrame, a pyarrow Table, or an object with `__arrow_c_stream__`.
        name: The source's name in the file.
        folder: The lifecycle's folder in the workspace.
        categories: Columns that are not numeric features according to the file.

    Returns:
        The path of the Parquet file: sources/NAME-DIGEST.parquet.

    Raises:
        DataError: the table has a column or an index that a file would not store unchanged.
        StorageError: the file cannot be written.
    """
    from pyarrow import parquet

    where = f"spec.data.sources.{name}"
    plain = arrow_table(table, where=where)
    _check_types(plain, categories=categories, where=where)
    place = folder / FOLDER
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place, prefix=".") as scratch:
            written = Path(scratch) / "rows.parquet"
            # Without pandas' metadata and in one chunk, so that equal rows give equal bytes.
            whole = plain.replace_schema_metadata(None).combine_chunks()
            parquet.write_table(whole, written, compression="zstd")
            target = place / f"{name}-{digest_path(written)[:DIGITS]}.parquet"
            if not target.exists():
                written.replace(target)
    return target


def arrow_table(table: Any, *, where: str = "") -> pa.Table:
    """Return a table as Arrow, by the rules of this module.

    Raises:
        DataError: a column or the index cannot be stored unchanged.
    """
    import pyarrow as pa

    try:
        if not _is_pandas(table):
            return pa.table(table)
        frame = _with_index(table, where=where)
        _check_names(frame.columns, where=where)
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        told = str(error.args[0] if error.args else error).splitlines()[0]
        raise DataError(
            f"a table in memory cannot be kept: {told}",
            where=where,
            hint="give each column values of one type",
        ) from error


def _is_pandas(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _with_index(frame: Any, *, where: str) -> Any:
    """Return the frame with a named index as columns."""
    names = list(frame.index.names)
    if all(name is not None for name in names):
        return frame.reset_index()
    if len(names) == 1 and frame.index.dtype.kind in "iu":
        return frame
    raise DataError(
        f"the index of the DataFrame has no name and holds {frame.index.dtype}, not row numbers",
        where=where,
        hint="name it to keep it as a column, or leave it out with reset_index(drop=True)",
    )


def _check_names(names: Any, *, where: str) -> None:
    for name, count in Counter(names).items():
        if not isinstance(name, str):
            message = f"a column of the DataFrame is called {name!r}, which is not text"
            raise DataError(message, where=where, hint="rename it")
        if count > 1:
            message = f"{count} columns of the DataFrame are called {name}"
            raise DataError(message, where=where, hint="rename one of them")


def _check_types(table: pa.Table, *, categories: Collection[str], where: str) -> None:
    import pyarrow.types as kinds

    for field in table.schema:
        kind = field.type
        if kinds.is_dictionary(kind):
            if not _is_text(kind.value_type) and field.name not in categories:
                raise DataError(
                    f"column {field.name} is a category of {kind.value_type}, which would be read "
                    "as a number",
                    where=where,
                    hint="list it in data.categories, or convert it",
                )
            kind = kind.value_type
        while kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
            kind = kind.value_type
        if not _is_kept(kind):
            raise DataError(
                f"column {field.name} holds {field.type}, which a source cannot have",
                where=where,
                hint="convert it to a number, text, a date or a time",
            )


def _is_text(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _is_kept(kind: Any) -> bool:
    """Return whether Parquet and the reader of sources keep values of this type unchanged."""
    import pyarrow.types as kinds

    numbers = kinds.is_boolean(kind) or kinds.is_integer(kind) or kinds.is_decimal(kind)
    floating = kinds.is_float32(kind) or kinds.is_float64(kind)
    times = kinds.is_date32(kind) or kinds.is_timestamp(kind) or kinds.is_time(kind)
    return bool(numbers or floating or times or kinds.is_null(kind) or _is_text(kind))
