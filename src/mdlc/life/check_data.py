"""Checks a file against its data without running it."""

from __future__ import annotations

from pathlib import Path

from mdlc.core.spec import Lifecycle


def check_data(lifecycle: Lifecycle, *, root: Path) -> None:
    """Look at the columns of every source, and that the file names no others.

    Raises:
        DataError: a source is missing or cannot be read.
        SpecError: the file names a column that the data lack.
    """
    from mdlc.components.collection.stage import schemas
    from mdlc.components.preparation.stage import check_columns

    data = lifecycle.spec.data
    check_columns(data, schemas(data, root=root))
