"""mdlc rollback: drop the canary, or serve the version before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from mdlc.cli.cluster_options import OnCluster, held
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
    """Drop the canary; without one, serve the version before."""
    with handle_errors(file, verbose=verbose):
        from mdlc.life.releases import require
        from mdlc.life.releases import rollback as roll_back

        with held(file, home, cluster=cluster, before=True) as workspace:
            before = require(workspace)
            pointer = roll_back(workspace, time=datetime.now(UTC), why=why)
    if as_json:
        print_json(pointer)
        return
    dropped = before.canary.version if before.canary and not pointer.canary else before.version
    if dropped == pointer.version:  # a call that was killed had moved the pointer already
        console().print(f"version {pointer.version} serves", markup=False)
    else:
        line = f"version {pointer.version} serves; version {dropped} was rolled back"
        console().print(line, markup=False)
