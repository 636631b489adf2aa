"""mdlc plan: what a run would do."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli.cluster_options import DataRoot
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

EPILOG = "Example: mdlc plan lifecycle.yaml --json"


def plan(
    file: File = DEFAULT_FILE,
    home: Home = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Ask the cluster's cache, in spec.cluster.artifacts.")
    ] = False,
    data_root: DataRoot = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what a run would do, and why.

    For each stage: whether it would run or is cached, and how long it took the last time.
    """
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file, home=home)
        made = lifecycle.cluster().plan(data_root=data_root) if cluster else lifecycle.plan()
    if as_json:
        print_json(made)
        return
    from rich.table import Table

    table = Table("stage", "state", "why", "last took", box=None, pad_edge=False)
    for stage in made.stages:
        took = f"{stage.seconds:.1f} s" if stage.seconds is not None else ""
        table.add_row(stage.stage, stage.state, stage.why, took)
    console().print(table)
