"""Exports labelled predictions for a retraining: `python -m ... OUT MANIFEST UNTIL SINCE`.

The payload log's URL is in MDLC_STORE_URL, never on the command line. UNTIL may be "": until the
newest label. SINCE may be "": from the first.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from mdlc.core.bundle import Manifest
from mdlc.core.errors import DataError
from mdlc.core.files import read_document
from mdlc.core.steps import reporting
from mdlc.pipelines.kubeflow.step_settings import STORE_VARIABLE
from mdlc.serving.payload_log import PayloadLog


def export(out: Path, *, manifest: Path, until: str, since: str) -> int:
    """Write labelled predictions to `out`; return how many.

    Raises:
        DataError: no prediction has a label.
        StorageError: the payload log does not open.
    """
    champion = read_document(manifest, Manifest)
    with closing(PayloadLog(os.environ[STORE_VARIABLE], name=champion.name)) as log:
        newest = log.newest_label()
        if newest is None:
            raise DataError("no prediction has a label yet", hint="send labels to :feedback")
        end = datetime.fromisoformat(until) if until else newest + timedelta(microseconds=1)
        return log.export(
            out,
            manifest=champion,
            until=end,
            since=datetime.fromisoformat(since) if since else None,
        )


def main() -> None:
    """Export what the command line says."""
    out, manifest, until, since = sys.argv[1:]
    with reporting("feedback"):
        export(Path(out), manifest=Path(manifest), until=until, since=since)


if __name__ == "__main__":
    main()
