"""pattern: a regular expression matches the whole text."""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.checks._base import CheckFinding, of_rows
from mdlc.core.spec.data import DataCheck


def test(table: Any, check: DataCheck, *, index: int) -> CheckFinding | None:  # noqa: ARG001
    """Count the rows that it does not match."""
    if check.pattern is None or check.column is None:
        return None
    matches = table[check.column].cast("string").re_search(f"^(?:{check.pattern})$")
    name = f"{check.column}: matches {check.pattern}"
    return of_rows(table, name=name, bad=~matches, column=check.column)
