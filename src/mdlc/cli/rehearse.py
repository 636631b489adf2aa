"""mdlc rehearse: run the whole loop with compressed time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from mdlc.api.returned_types import RehearsalRecord

EPILOG = "Example: mdlc rehearse examples/01-flight-delays/lifecycle.yaml --window 20"


def rehearse(
    file: File = DEFAULT_FILE,
    window: Annotated[
        int, typer.Option(min=5, help="Seconds to which spec.monitor.window is compressed.")
    ] = 20,
    drift: Annotated[bool, typer.Option(help="Let the target change after a while.")] = True,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Rehearse the loop with real Prometheus, Alertmanager and trigger.

    Serves the model, makes the target follow another rule, and waits until an alert, a retraining
    and a promotion have followed and the alert is resolved.
    """
    with handle_errors(verbose=verbose):
        from mdlc.errors import MdlcError

        lifecycle = mdlc.load(file, home=home)
        seen = lifecycle.rehearse(window=timedelta(seconds=window), drift=drift, progress=True)
        if as_json:
            print_json(seen)
        else:
            _show(seen)
        if seen.problems:
            raise MdlcError(
                f"the rehearsal of {seen.name} did not go as it should: {'; '.join(seen.problems)}",
                hint=f"see the logs in {lifecycle.workspace.folder / 'rehearsal' / 'programs'}",
            )


def _show(seen: RehearsalRecord) -> None:
    from rich.table import Table

    table = Table("step", "seconds", "", "", box=None, pad_edge=False)
    for step in seen.steps:
        table.add_row(step.name, f"{step.seconds:.1f}", step.title, step.detail)
    total = sum(step.seconds for step in seen.steps)
    out = console()
    out.print(
        f"{seen.predictions:,} predictions, {seen.labels:,} labels, {len(seen.failed_requests)}"
        f" failed requests, {seen.retrainings} retrainings, {seen.seconds:.0f} s"
    )
    out.print(table)
    if seen.drifted:
        out.print(f"from the first changed row to the all-clear: {total:.1f} s")
