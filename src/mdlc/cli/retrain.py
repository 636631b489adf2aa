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
    friendly,
    opened,
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
    with friendly(file, verbose=verbose):
        from mdlc.cli.terminal_progress import Shown
        from mdlc.core.errors import RefusedError
        from mdlc.life.retraining_request import Request
        from mdlc.life.retraining_request import retrain as retrain_model
        from mdlc.pipelines.local.local_runner import Runner
        from mdlc.pipelines.local.warm_server import WarmServer

        lifecycle, place = opened(file, home)
        if verdict is not None:
            from mdlc.life.progress import Silent
            from mdlc.trigger.backends.child_process import attempt

            attempt(lifecycle, place=place, id=verdict, progress=Silent())
            return
        request = Request(datetime.now(UTC), ["manual"], {"why": why}, force=force)
        with place.lock(), WarmServer() as server, Shown() as shown:
            made = retrain_model(
                lifecycle,
                place=place,
                runner=Runner(place, server),
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
