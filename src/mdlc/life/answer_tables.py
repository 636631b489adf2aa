"""Answers of `mdlc predict`: as JSON, as a line each, or as a table in a file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.core.errors import UsageError
from mdlc.core.files import storage_errors
from mdlc.core.scorer import Answers

TABLES = (".csv", ".parquet")


@dataclass(frozen=True)
class Answered:
    """A model's answers to some rows."""

    ids: list[str]
    answers: Answers
    classes: list[str]
    """Empty for regression."""
    version: str

    def predictions(self) -> list[dict[str, Any]]:
        """Return them as the server's V1 protocol has them, without ids."""
        found = self.answers
        if not self.classes:
            return [{"value": float(value)} for value in found.values]
        return [
            {
                "scores": dict(zip(self.classes, map(float, scores), strict=True)),
                "action": action,
                "expected": float(expected),
            }
            for scores, action, expected in zip(
                found.scores, found.actions, found.expected, strict=True
            )
        ]

    def table(self) -> Any:
        """Return them as an Arrow table: id, then score_CLASS each, action, expected; or value."""
        import pyarrow as pa

        found = self.answers
        columns: dict[str, Any] = {"id": pa.array(self.ids, pa.string())}
        if not self.classes:
            columns["value"] = pa.array(found.values, pa.float64())
            return pa.table(columns)
        for place, name in enumerate(self.classes):
            columns[f"score_{name}"] = pa.array(found.scores[:, place], pa.float64())
        columns["action"] = pa.array(found.actions.tolist(), pa.string())
        columns["expected"] = pa.array(found.expected, pa.float64())
        return pa.table(columns)


def check_name(out: Path) -> None:
    """Refuse a name that says no format.

    Raises:
        UsageError: it ends neither with .csv nor with .parquet.
    """
    if out.suffix.lower() not in TABLES:
        raise UsageError(f"{out} ends neither with .csv nor with .parquet", where="out")


def write(answered: Iterable[Answered], *, out: Path) -> int:
    """Write answers into a CSV or Parquet file, which is whole or absent; return the rows.

    Raises:
        StorageError: the disk refuses.
    """
    import pyarrow.csv
    import pyarrow.parquet

    csv = out.suffix.lower() == ".csv"
    rows = 0
    with storage_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            whole = Path(folder) / out.name
            with contextlib.ExitStack() as stack:
                writer = None
                for part in answered:
                    table = part.table()
                    if writer is None:
                        kind = pyarrow.csv.CSVWriter if csv else pyarrow.parquet.ParquetWriter
                        writer = stack.enter_context(kind(str(whole), table.schema))
                    writer.write_table(table)
                    rows += table.num_rows
            whole.replace(out)
    return rows
