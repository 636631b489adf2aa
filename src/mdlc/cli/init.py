"""mdlc init: a first lifecycle file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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

    It has comments; with --data and --target it fits your data.
    """
    with handle_errors(verbose=verbose):
        from mdlc.life.starter_file import write_starter

        notes = write_starter(file, data=data, target=target, name=name)
    for note in notes:
        console().print(f"  {note}", markup=False, soft_wrap=True)
    console().print(
        f"wrote {file}; next: mdlc validate {file}, then mdlc run {file}", soft_wrap=True
    )
