"""mdlc plan: what a run would do."""

from __future__ import annotations

from mdlc.cli.common import (
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

EPILOG = "Example: mdlc plan lifecycle.yaml --json"


def plan(
    file: File = DEFAULT_FILE, home: Home = None, as_json: Json = False, verbose: Verbose = False
) -> None:
    """Show what a run would do, and why.

    What would run, what is cached, what it took the last time.
    """
    with friendly(file, verbose=verbose):
        from mdlc.life.train import choose_arguments
        from mdlc.pipelines.local.run import Runner
        from mdlc.pipelines.local.warm import WarmServer

        lifecycle, place = opened(file, home)
        runner = Runner(place, WarmServer())
        made = runner.plan(choose_arguments(lifecycle, place=place, runner=runner))
    if as_json:
        print_json(made)
        return
    from rich.table import Table

    table = Table("stage", "state", "why", "last took", box=None, pad_edge=False)
    for stage in made.stages:
        took = f"{stage.seconds:.1f} s" if stage.seconds is not None else ""
        table.add_row(stage.stage, stage.state, stage.why, took)
    console().print(table)
