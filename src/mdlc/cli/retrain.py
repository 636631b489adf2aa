"""mdlc retrain: ask for a retraining by hand."""

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

EPILOG = 'Example: mdlc retrain lifecycle.yaml --why "new routes from May"'


def retrain(
    file: File = DEFAULT_FILE,
    why: Annotated[str, typer.Option(help="Recorded with the decision.")] = "asked for by hand",
    force: Annotated[
        bool, typer.Option("--force", help="Even beyond the budget, in a freeze or quiet hours.")
    ] = False,
    verdict: Annotated[str | None, typer.Option(hidden=True)] = None,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Retrain on the labels that came in.

    The challenger replaces the champion if it earns more.
    """
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file, home=home)
        if verdict is not None:
            from mdlc.api.long_running import carry_out

            carry_out(lifecycle, verdict=verdict)
            return
        made = lifecycle.retrain(why, force=force, progress=True)
    if as_json:
        print_json(made.verdict)
    else:
        console().print(
            f"{made.verdict.outcome}: {made.verdict.detail}", markup=False, soft_wrap=True
        )
