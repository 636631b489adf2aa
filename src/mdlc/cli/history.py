"""mdlc history: which version served when."""

from __future__ import annotations

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

EPILOG = "Example: mdlc history lifecycle.yaml --replay"


def history(
    file: File = DEFAULT_FILE,
    replay: Annotated[
        bool, typer.Option("--replay", help="The last replay's history instead of real serving's.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show which version served when, and why.

    The history is append-only; it is checked for changes.
    """
    with handle_errors(verbose=verbose):
        entries = mdlc.load(file, home=home).history(replay=replay)
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries])
        return
    for entry in entries:
        happened = {
            "canary": ", on trial",
            "canary_rollback": f", canary {entry.replaced} dropped",
            "rollback": f", back from {entry.replaced}",
        }.get(entry.kind, "")
        out = f"{entry.time:%Y-%m-%d %H:%M}  version {entry.version} ({entry.candidate}){happened}"
        console().print(f"{out}: {entry.why}", markup=False, soft_wrap=True)
