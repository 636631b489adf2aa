"""Cleaning decisions: made once by exploration, replayed on every later row.

Training, evaluation and the predictor all call `apply`, so a row is cleaned alike everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from mdlc.core.columns import Batch
from mdlc.core.files import Document


class Decision(Document):
    """One decision about one column, and why.

    `drop`: the feature is not used. `clip`: numbers below `low` or above `high` become them.
    `impute`: missing becomes `value` (numbers) or `text` (categories). Rows without a target are
    removed by preparation, in SQL, and are recorded here as `drop_rows` for the reader.
    """

    action: Literal["drop", "clip", "impute", "drop_rows"]
    column: str
    why: str
    low: float | None = None
    high: float | None = None
    value: float | None = None
    text: str | None = None


def dropped(decisions: Iterable[Decision]) -> set[str]:
    """Return the features that are not used."""
    return {decision.column for decision in decisions if decision.action == "drop"}


def apply(decisions: Iterable[Decision], batch: Batch) -> Batch:
    """Return a cleaned copy of `batch`; decisions about columns it lacks do nothing."""
    cleaned = dict(batch)
    for decision in decisions:
        name = decision.column
        if name not in cleaned:
            continue
        if decision.action == "drop":
            del cleaned[name]
        elif decision.action == "clip":
            cleaned[name] = np.clip(cleaned[name], decision.low, decision.high).astype(np.float32)
        elif decision.action == "impute" and decision.value is not None:
            column = cleaned[name]
            cleaned[name] = np.where(np.isnan(column), np.float32(decision.value), column)
        elif decision.action == "impute" and decision.text is not None:
            column = cleaned[name]
            cleaned[name] = np.where(column == "", decision.text, column).astype(object)
    return cleaned
