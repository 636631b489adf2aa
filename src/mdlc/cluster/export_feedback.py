"""Exports labelled predictions from the payload log, for the training data of a retraining."""

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
        out: The file to write; written atomically.
        url: URL of the payload log's database.
        manifest: Manifest of the serving bundle, for the name and the features.
        until: Only labels known before this; None: all.
        since: Only labels known from this on; None: all.

    Raises:
        DataError: no prediction has a label.
        StorageError: the payload log cannot be opened.
    """
    champion = read_document(manifest, Manifest)
    with closing(PayloadLog(url, name=champion.name)) as log:
        newest = log.newest_label()
        if newest is None:
            raise DataError("no prediction has a label yet", hint="send labels to :feedback")
        end = until or newest + timedelta(microseconds=1)
        return log.export(out, manifest=champion, until=end, since=since)
