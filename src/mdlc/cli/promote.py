"""mdlc promote: make the canary the champion before its trial ends."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli.cluster_options import OnCluster
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

EPILOG = 'Example: mdlc promote lifecycle.yaml --why "two days without a complaint"'


def promote(
    file: File = DEFAULT_FILE,
    why: Annotated[str, typer.Option(help="Recorded in the history.")] = "asked for by hand",
    cluster: OnCluster = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make the canary the champion before its trial ends."""
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file, home=home)
        pointer = lifecycle.cluster().promote(why) if cluster else lifecycle.promote(why)
    if as_json:
        print_json(pointer)
    else:
        console().print(f"version {pointer.version} serves", markup=False)
