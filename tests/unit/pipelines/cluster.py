"""The tiny lifecycle with a cluster section, and its pipeline's arguments."""

from __future__ import annotations

from pathlib import Path

from mdlc.core.spec import Lifecycle, load
from mdlc.pipelines.kubeflow import source_uploads
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.kfp_client import run_arguments
from mdlc.pipelines.stage_arguments import Renewal
from tests import tiny


def on_cluster(folder: Path, *more: str, days: int = 2, location: str = "rows.csv") -> Lifecycle:
    """Write file and rows; each of `more` is a line of spec.cluster."""
    tiny.write_rows(folder / "rows.csv", days=days)
    lines = "".join(f"    {line}\n" for line in (f"artifacts: {folder / 'store'}", *more))
    cluster = ("  retrain:\n", f"  cluster:\n{lines}  retrain:\n")
    return load(tiny.write_file(folder, cluster, ("csv: rows.csv", f"csv: {location}")))


def uploaded(lifecycle: Lifecycle, folder: Path) -> source_uploads.Sources:
    return source_uploads.upload(lifecycle, root=folder, artifacts=artifacts_of(lifecycle))


def asked(lifecycle: Lifecycle, folder: Path) -> dict[str, str | float]:
    return run_arguments(
        lifecycle, kind="training", renewal=Renewal(), sources=uploaded(lifecycle, folder)
    )
