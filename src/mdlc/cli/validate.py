"""mdlc validate: check the file, and that the data have the columns it names."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

EPILOG = "Example: mdlc validate examples/01-flight-delays/lifecycle.yaml"


def validate(
    file: File = DEFAULT_FILE,
    data: Annotated[bool, typer.Option(help="Also look at the columns of the sources.")] = True,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check the file, and the data's columns.

    With --no-data only the file.
    """
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file).validate(data=data)
    if as_json:
        print_json({"name": lifecycle.name, "valid": True})
    else:
        console().print(f"{file}: {lifecycle.name} is valid")
