"""mdlc rehearse: see the loop close, with time compressed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from mdlc.state.rehearsal_documents import RehearsalRecord

EPILOG = "Example: mdlc rehearse examples/01-flight-delays/lifecycle.yaml --window 20"


def rehearse(
    file: File = DEFAULT_FILE,
    window: Annotated[
        int, typer.Option(min=5, help="Seconds that spec.monitor.window takes.")
    ] = 20,
    drift: Annotated[bool, typer.Option(help="Change the world after a while.")] = True,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Rehearse the loop with real Prometheus, Alertmanager and trigger.

    Serves the model, changes the world, and waits for alert, retraining, promotion and all-clear.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.cli.terminal_progress import TerminalProgress
        from mdlc.core.errors import MdlcError
        from mdlc.rehearsal.run_rehearsal import RehearsalPlan
        from mdlc.rehearsal.run_rehearsal import rehearse as run

        lifecycle, workspace = open_lifecycle(file, home)
        plan = RehearsalPlan(window=timedelta(seconds=window), drift=drift)
        with workspace.lock(), TerminalProgress() as shown:
            seen = run(lifecycle, workspace=workspace, plan=plan, progress=shown)
        if as_json:
            print_json(seen)
        else:
            _show(seen)
        if seen.problems:
            raise MdlcError(
                f"the rehearsal of {seen.name} did not go as it should: {'; '.join(seen.problems)}",
                hint=f"see the logs in {workspace.folder / 'rehearsal' / 'programs'}",
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
