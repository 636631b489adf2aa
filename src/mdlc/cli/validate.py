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
    data: Annotated[
        bool, typer.Option(help="Also read the sources, as far as a run does before training.")
    ] = True,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check the file, and that a run would come as far as training.

    It says how it read the data. With --no-data only the file is looked at.
    """
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file)
        told = lifecycle.read_data(progress=True) if data else None
    if as_json:
        more = {"data": told.model_dump(mode="json")} if told else {}
        print_json({"name": lifecycle.name, "valid": True, **more})
        return
    for line in told.lines() if told else ():
        console().print(f"  {line}", markup=False, soft_wrap=True)
    console().print(f"{file}: {lifecycle.name} is valid")
