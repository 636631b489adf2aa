"""Checks a lifecycle file against its data, without running a stage."""

from __future__ import annotations

from pathlib import Path

from mdlc.core.spec import Lifecycle


def check_data(lifecycle: Lifecycle, *, root: Path) -> None:
    """Check that every source can be read and that the file names only columns that exist.

    Raises:
        DataError: a source is missing or cannot be read.
        SpecError: the file names a column that the data lack.
    """
    from mdlc.components.collection.stage import schemas
    from mdlc.components.preparation.stage import check_columns

    data = lifecycle.spec.data
    check_columns(data, schemas(data, root=root))
