"""mdlc retrain: ask for a retraining by hand."""

from __future__ import annotations

from datetime import UTC, datetime
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

EPILOG = 'Example: mdlc retrain lifecycle.yaml --why "new routes from May"'


def retrain(
    file: File = DEFAULT_FILE,
    why: Annotated[str, typer.Option(help="Recorded with the decision.")] = "asked for by hand",
    force: Annotated[
        bool, typer.Option("--force", help="Even above the budget, or in quiet hours.")
    ] = False,
    verdict: Annotated[str | None, typer.Option(hidden=True)] = None,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Retrain on the labels that came in.

    The challenger replaces the champion if it earns more.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.cli.terminal_progress import TerminalProgress
        from mdlc.core.errors import RefusedError
        from mdlc.life.retraining_request import RetrainingRequest
        from mdlc.life.retraining_request import retrain as retrain_model
        from mdlc.pipelines.local.local_runner import LocalRunner
        from mdlc.pipelines.local.warm_server import WarmServer

        lifecycle, workspace = open_lifecycle(file, home)
        if verdict is not None:
            from mdlc.life.progress import SilentProgress
            from mdlc.trigger.backends.child_process import attempt

            attempt(lifecycle, workspace=workspace, id=verdict, progress=SilentProgress())
            return
        request = RetrainingRequest(datetime.now(UTC), ["manual"], {"why": why}, force=force)
        with workspace.lock(), WarmServer() as server, TerminalProgress() as shown:
            made = retrain_model(
                lifecycle,
                workspace=workspace,
                runner=LocalRunner(workspace, server),
                request=request,
                progress=shown,
            )
        if made.verdict.decision != "run":
            raise RefusedError(f"retraining: {made.verdict.why}", hint="see mdlc status")
    if as_json:
        print_json(made.verdict)
    else:
        console().print(
            f"{made.verdict.outcome}: {made.verdict.detail}", markup=False, soft_wrap=True
        )
