"""mdlc report: the lifecycle so far as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

EPILOG = "Example: mdlc report lifecycle.yaml --out report.html"


def report(
    file: File = DEFAULT_FILE,
    out: Annotated[
        Path | None, typer.Option(help="Default: report.html in the state folder.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write a report of the lifecycle so far, one HTML page."""
    with handle_errors(verbose=verbose):
        path = mdlc.load(file, home=home).report(out).path
    if as_json:
        print_json({"report": str(path), "bytes": path.stat().st_size})
    else:
        console().print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
