"""mdlc history: which version served when."""

from __future__ import annotations

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

    The record is append-only, and checked.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.monitoring.version_history import History
        from mdlc.replay.replay_workspace import replay_workspace

        _, workspace = open_lifecycle(file, home)
        entries = History((replay_workspace(workspace) if replay else workspace).history).entries()
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
