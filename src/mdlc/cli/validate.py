"""mdlc validate: is the file right, and do the data have what it names?"""

from __future__ import annotations

from typing import Annotated

import typer

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
    with handle_errors(file, verbose=verbose):
        from mdlc.core.spec import load

        lifecycle = load(file)
        if data:
            from mdlc.life.check_data import check_data

            check_data(lifecycle, root=file.resolve().parent)
    if as_json:
        print_json({"name": lifecycle.name, "valid": True})
    else:
        console().print(f"{file}: {lifecycle.name} is valid")
