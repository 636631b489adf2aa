"""mdlc promote: end a canary early, in its favour."""

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
    with handle_errors(file, verbose=verbose):
        from mdlc.life.releases import promote as promote_canary

        with held(file, home, cluster=cluster) as workspace:
            pointer = promote_canary(workspace, time=datetime.now(UTC), why=why)
    if as_json:
        print_json(pointer)
    else:
        console().print(f"version {pointer.version} serves", markup=False)
