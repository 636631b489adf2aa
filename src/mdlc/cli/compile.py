"""mdlc compile: the pipeline as Kubeflow Pipelines' IR."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdlc.cli.cluster_options import DataRoot, Fuse, Upload
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

EPILOG = "Example: mdlc compile lifecycle.yaml -o pipeline.yaml --fuse light"


def compile(  # the verb's name
    file: File = DEFAULT_FILE,
    out: Annotated[Path, typer.Option("-o", "--out", help="The IR's file.")] = Path(
        "pipeline.yaml"
    ),
    fuse: Fuse = None,
    upload: Upload = False,
    data_root: DataRoot = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write the pipeline for Kubeflow Pipelines.

    The same file, data and code give the same bytes. The file's arguments are its defaults.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.cluster.submit_run import SourceLocation, compile_file
        from mdlc.core.spec import load

        data = SourceLocation(upload=upload, root=data_root)
        version = compile_file(load(file), file=file, out=out, data=data, fuse=fuse)
    if as_json:
        print_json({"file": str(out), "version": version})
    else:
        console().print(f"{out}: version {version}", soft_wrap=True)
