"""mdlc report: the life as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    open_lifecycle,
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
    """Write the life so far as one HTML page."""
    with handle_errors(file, verbose=verbose):
        from mdlc.life.gather_report import report as write_report

        lifecycle, workspace = open_lifecycle(file, home)
        path = write_report(lifecycle, workspace=workspace, out=out)
    if as_json:
        print_json({"report": str(path), "bytes": path.stat().st_size})
    else:
        console().print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
