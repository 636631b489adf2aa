"""Labelled predictions of the payload log, as the table from which a retraining learns."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from mdlc.core.bundle import Manifest
from mdlc.core.errors import DataError
from mdlc.core.files import read_document
from mdlc.serving.payload_log import PayloadLog


def export_feedback(
    out: Path, *, url: str, manifest: Path, until: datetime | None, since: datetime | None
) -> int:
    """Write labelled predictions to `out` (Parquet); return how many.

    Args:
        out: File to write; it is whole or absent.
        url: The payload log's database.
        manifest: Of the bundle that serves: its name and features are the table's.
        until: Labels known before then; None: all.
        since: Labels known from then on; None: from the first.

    Raises:
        DataError: no prediction has a label.
        StorageError: the payload log does not open.
    """
    champion = read_document(manifest, Manifest)
    with closing(PayloadLog(url, name=champion.name)) as log:
        newest = log.newest_label()
        if newest is None:
            raise DataError("no prediction has a label yet", hint="send labels to :feedback")
        end = until or newest + timedelta(microseconds=1)
        return log.export(out, manifest=champion, until=end, since=since)
