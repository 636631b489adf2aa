"""Compiles one lifecycle's pipeline for a cluster: the same file and code, the same bytes."""

from __future__ import annotations

import tempfile
import threading
import warnings
from pathlib import Path

from mdlc.core.files import digest_path, write_bytes
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.cluster_pipeline import Fuse, build
from mdlc.pipelines.stage_arguments import Arguments

_one = threading.Lock()
"""kfp keeps the pipeline that it builds in a variable of the process."""


def compile_lifecycle(
    lifecycle: Lifecycle,
    out: Path,
    *,
    defaults: Arguments,
    fuse: Fuse | None = None,
    fresh: bool = False,
) -> str:
    """Write the IR to `out`; return its version, which is a digest of its bytes.

    `defaults` are a first training's arguments, so that the IR runs from KFP's UI as it is. With
    `fresh` the sources are asked anew in each run: for schedules, whose arguments never change.
    """
    from kfp import compiler

    cluster = lifecycle.spec.cluster
    with (
        _one,
        tempfile.TemporaryDirectory(prefix="mdlc-compile-") as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        path = Path(folder) / "pipeline.yaml"
        pipeline = build(cluster, name=lifecycle.name, fuse=fuse or cluster.fuse, fresh=fresh)
        compiler.Compiler().compile(pipeline, str(path), pipeline_parameters=dict(defaults) or None)
        write_bytes(out, path.read_bytes())
    return digest_path(out)[:12]
