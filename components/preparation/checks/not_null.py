"""not_null: no row lacks a value."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import Finding
from mdlc.core.spec.data import Check


def test(table: Any, check: Check, *, index: int) -> Finding | None:  # noqa: ARG001
    """Count the rows without a value."""
    if not check.not_null or check.column is None:
        return None
    failing = table[check.column].isnull().sum().fill_null(0)
    return Finding(name=f"{check.column}: not NULL", failing=failing, column=check.column)
