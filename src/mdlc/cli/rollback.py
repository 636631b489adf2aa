"""mdlc rollback: drop the canary, or serve the previous version."""

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

EPILOG = 'Example: mdlc rollback lifecycle.yaml --why "complaints from the night shift"'


def rollback(
    file: File = DEFAULT_FILE,
    why: Annotated[str, typer.Option(help="Recorded in the history.")] = "asked for by hand",
    cluster: OnCluster = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Drop the canary; without a canary, serve the previous version."""
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file, home=home)
        done = lifecycle.cluster().rollback(why) if cluster else lifecycle.rollback(why)
    pointer = done.pointer
    if as_json:
        print_json(pointer)
        return
    line = f"version {pointer.version} serves"
    if done.dropped:
        line += f"; version {done.dropped} was rolled back"
    console().print(line, markup=False)
