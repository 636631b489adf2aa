"""mdlc run: train, evaluate, release."""

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

EPILOG = "Example: mdlc run examples/01-flight-delays/lifecycle.yaml"


def run(
    file: File = DEFAULT_FILE,
    force: Annotated[bool, typer.Option("--force", help="Use nothing from the cache.")] = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train, evaluate, release what pays.

    Stages whose inputs did not change come from the cache; a killed run goes on.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.cli.terminal_progress import TerminalProgress
        from mdlc.life.train import train
        from mdlc.pipelines.local.local_runner import LocalRunner
        from mdlc.pipelines.local.warm_server import WarmServer

        lifecycle, workspace = open_lifecycle(file, home)
        with workspace.lock(), WarmServer() as server, TerminalProgress() as shown:
            made = train(
                lifecycle,
                workspace=workspace,
                runner=LocalRunner(workspace, server),
                progress=shown,
                force=force,
            )
    serving = made.pointer.version if made.pointer else None
    if as_json:
        print_json(
            {
                "name": lifecycle.name,
                "cached": made.cached,
                "released": made.released,
                "serving": serving,
                "winner": made.evaluation.winner,
                "reasons": made.evaluation.reasons,
                "stages": made.results.stages,
            }
        )
        return
    out = console()
    if made.cached:
        out.print("nothing changed: every stage is cached")
    for reason in made.evaluation.reasons:
        out.print(reason, markup=False, soft_wrap=True)
    out.print(f"serving: {f'version {serving}' if serving else 'nothing'}")
    out.print(f"next: mdlc report {file}{f', or mdlc serve {file}' if serving else ''}")
