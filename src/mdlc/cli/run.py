"""mdlc run: train, evaluate, release."""

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

EPILOG = "Example: mdlc run examples/01-flight-delays/lifecycle.yaml"


def run(
    file: File = DEFAULT_FILE,
    force: Annotated[bool, typer.Option("--force", help="Use nothing from the cache.")] = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train, evaluate, release what pays.

    Stages with unchanged inputs come from the cache, also after a run that was killed.
    """
    with handle_errors(verbose=verbose):
        made = mdlc.load(file, home=home).run(force=force, progress=True)
    if as_json:
        print_json(
            {
                "name": made.name,
                "cached": made.cached,
                "released": made.released,
                "serving": made.serving,
                "winner": made.winner,
                "reasons": made.reasons,
                "stages": made.stages,
                "data": made.reading.model_dump(mode="json"),
            }
        )
        return
    out = console()
    if made.cached:
        out.print("nothing changed: every stage is cached")
    for line in made.reading.lines():
        out.print(line, markup=False, soft_wrap=True)
    for reason in made.reasons:
        out.print(reason, markup=False, soft_wrap=True)
    out.print(f"serving: {f'version {made.serving}' if made.serving else 'nothing'}")
    out.print(f"next: mdlc report {file}{f', or mdlc serve {file}' if made.serving else ''}")
