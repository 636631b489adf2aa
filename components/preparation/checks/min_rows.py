"""min_rows: the table is not smaller."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import Finding
from mdlc.core.spec.data import Check


def test(table: Any, check: Check, *, index: int) -> Finding | None:  # noqa: ARG001
    """Count the rows that are lacking."""
    if check.min_rows is None:
        return None
    import ibis

    failing = ibis.greatest(check.min_rows - table.count(), 0)
    return Finding(name=f"table: at least {check.min_rows} rows", failing=failing)
