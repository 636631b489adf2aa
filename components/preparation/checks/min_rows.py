"""min_rows: the table is not smaller."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding
from mdlc.core.spec.data import DataCheck


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows that are lacking."""
    if check.min_rows is None:
        return None
    import ibis

    failing = ibis.greatest(check.min_rows - table.count(), 0)
    return CheckFinding(name=f"table: at least {check.min_rows} rows", failing=failing)
