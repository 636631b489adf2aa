"""Compiles one lifecycle's pipeline for a cluster; the same file and code give the same bytes."""

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
"""Held while compiling, because kfp keeps the pipeline that it builds in a global variable."""


def compile_lifecycle(  # noqa: PLR0913 - all that the bytes depend on
    lifecycle: Lifecycle,
    out: Path,
    *,
    entry: str,
    defaults: Arguments,
    fuse: Fuse | None = None,
    fresh: bool = False,
) -> str:
    """Write the IR to `out`; return its version, which is a digest of its bytes.

    Args:
        lifecycle: The lifecycle.
        out: The file to write.
        entry: The module whose functions the components call in their pods.
        defaults: Default arguments. Those of a first training let a person start the IR from KFP's
            UI without filling in anything.
        fuse: How stages are put into pods; None: as the file says.
        fresh: Whether each run reads the sources again; for schedules, whose arguments never
            change.
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
        pipeline = build(
            cluster,
            name=lifecycle.name,
            fuse=fuse or cluster.fuse,
            fresh=fresh,
            entry=entry,
        )
        compiler.Compiler().compile(pipeline, str(path), pipeline_parameters=dict(defaults) or None)
        write_bytes(out, path.read_bytes())
    return digest_path(out)[:12]
