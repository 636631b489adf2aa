"""Data tests, one file a kind; `pyproject.toml` lists them as entry points.

What another package needs to add a test is importable from here; docs/plugins.md has a complete
example.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from mdlc.components.preparation.checks._base import (
    CheckFinding,
    CheckRequest,
    ColumnCheck,
    TableCheck,
    comparable,
    of_rows,
)
from mdlc.core.spec.base import SpecSection
from mdlc.core.spec.data import DataCheck


def kinds_of(check: DataCheck) -> Iterator[tuple[str, ColumnCheck]]:
    """Yield the name and the kind of each test that one check of the file asks for.

    Raises:
        SpecError: no installed package has it, or it cannot be imported.
    """
    for name in check.asked:
        yield name, cast("type[ColumnCheck]", DataCheck.plugin_key(name))()


__all__ = [
    "CheckFinding",
    "CheckRequest",
    "ColumnCheck",
    "SpecSection",
    "TableCheck",
    "comparable",
    "kinds_of",
    "of_rows",
]
