"""mdlc init: a first lifecycle file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import DEFAULT_FILE, Verbose, console, handle_errors

EPILOG = "Example: mdlc init --data houses.csv --target price"


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")] = DEFAULT_FILE,
    data: Annotated[
        Path | None, typer.Option(help="CSV, TSV, JSON or Parquet file with the rows.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the lifecycle.")] = None,
    verbose: Verbose = False,
) -> None:
    """Write a first lifecycle file.

    It has comments; with --data and --target it is adapted to your data.
    """
    with handle_errors(verbose=verbose):
        mdlc.init(data, target=target, name=name, file=file, progress=True)
    if data and not data.resolve().is_relative_to(file.resolve().parent):
        console().print(
            f"{data} is outside of the file's folder: noted that your runs of files there may read"
            " it (docs/security.md)",
            soft_wrap=True,
        )
    console().print(
        f"wrote {file}; next: mdlc validate {file}, then mdlc run {file}", soft_wrap=True
    )
