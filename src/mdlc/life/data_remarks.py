"""What the stages have to say about the data: read from their documents, told by the verbs.

A type that is a guess with consequences, a column that is no feature, a feature that cleaning
drops, a suspected leak: each is one line, printed by `mdlc run` and `mdlc validate`, and shown in
the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdlc.core.cleaning import Decision
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.prepared_data import LeftOut, Prepared, Remark, Snapshot
from mdlc.core.files import Document, read_document

MOST_COLUMNS = 12
"""Columns named in one line."""


class DataRemarks(Document):
    """What a run's documents say about its data."""

    remarks: list[Remark] = []
    not_features: list[LeftOut] = []
    dropped: list[Decision] = []
    """Features that cleaning does not use."""
    without_target: int = 0
    """Rows without a target, which are left out."""
    label_unknown: int = 0
    """Rows whose label was not known when their split ended."""
    warnings: list[str] = []
    """Exploration's: leaks, classes out of balance, values that cannot be used."""

    def lines(self) -> list[str]:
        """Return it as lines for people.

        Example:
            >>> DataRemarks(without_target=1200).lines()
            ['1,200 rows without a target are left out']
        """
        reasons: dict[str, list[str]] = {}
        for column in self.not_features:
            reasons.setdefault(column.why, []).append(column.column)
        found = [str(remark) for remark in self.remarks]
        found += [_named(columns, f"no feature: {why}") for why, columns in reasons.items()]
        found += [f"{item.column}: not used: {item.why}" for item in self.dropped]
        if self.without_target:
            found.append(f"{self.without_target:,} rows without a target are left out")
        if self.label_unknown:
            found.append(
                f"{self.label_unknown:,} rows are left out, as their label was not known in time"
            )
        return [*found, *self.warnings]


def told_by(stages: Mapping[str, Path]) -> DataRemarks:
    """Read what the stages said that have run; `stages` is stage -> the folder that it writes."""
    told: dict[str, Any] = {"remarks": []}
    if (written := _document(stages, "collection", "snapshot.json")) is not None:
        snapshot = read_document(written, Snapshot)
        told["remarks"] += [r for source in snapshot.sources.values() for r in source.remarks]
    if (written := _document(stages, "preparation", "prepared.json")) is not None:
        prepared = read_document(written, Prepared)
        told["remarks"] += prepared.remarks
        told["not_features"] = prepared.left_out
        told["without_target"] = prepared.removed_null_target
        told["label_unknown"] = prepared.removed_unknown_label
    if (written := _document(stages, "exploration", "exploration.json")) is not None:
        found = read_document(written, Exploration)
        told["dropped"] = [item for item in found.decisions if item.action == "drop"]
        told["warnings"] = found.warnings
    return DataRemarks(**told)


def _document(stages: Mapping[str, Path], stage: str, name: str) -> Path | None:
    """Return a stage's document, None where it has not come so far."""
    path = stages[stage] / name if stage in stages else None
    return path if path is not None and path.is_file() else None


def _named(columns: list[str], why: str) -> str:
    more = f" and {len(columns) - MOST_COLUMNS} more" if len(columns) > MOST_COLUMNS else ""
    return f"{', '.join(columns[:MOST_COLUMNS])}{more}: {why}"
