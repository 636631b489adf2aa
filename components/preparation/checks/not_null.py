"""not_null: no row lacks a value."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding
from mdlc.core.spec.data import DataCheck


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows without a value."""
    if not check.not_null or check.column is None:
        return None
    failing = table[check.column].isnull().sum().fill_null(0)
    return CheckFinding(name=f"{check.column}: not NULL", failing=failing, column=check.column)
