"""Data tests, one file a kind. A new kind is one new file and one line here."""

from __future__ import annotations

from mdlc.components.preparation.checks import (
    bounds,
    expression,
    max_null_ratio,
    min_rows,
    not_null,
    one_of,
    pattern,
    unique,
)
from mdlc.components.preparation.checks._base import Kind

KINDS: list[Kind] = [
    not_null.test,
    max_null_ratio.test,
    unique.test,
    bounds.at_least,
    bounds.at_most,
    one_of.test,
    pattern.test,
    min_rows.test,
    expression.test,
]
