"""What a source's columns are read as, for tests."""

from __future__ import annotations

from pathlib import Path

from mdlc.components.collection.stage import opened
from mdlc.core.spec.data import Data


def schemas(data: Data, *, root: Path) -> dict[str, dict[str, str]]:
    """Return source -> column -> Ibis type, without copying any rows."""
    with opened(data, root=root) as tables:
        return {
            name: {column: str(kind) for column, kind in table.schema().items()}
            for name, table in tables.items()
        }
