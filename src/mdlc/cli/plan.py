"""mdlc plan: what a run would do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdlc.cli.cluster_options import DataRoot
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
    from mdlc.pipelines.cache.run_plan import RunPlan

EPILOG = "Example: mdlc plan lifecycle.yaml --json"


def plan(
    file: File = DEFAULT_FILE,
    home: Home = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Ask the cluster's cache, in spec.cluster.artifacts.")
    ] = False,
    data_root: DataRoot = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what a run would do, and why.

    What would run, what is cached, what it took the last time.
    """
    with handle_errors(file, verbose=verbose):
        made = _on_cluster(file, data_root=data_root) if cluster else _here(file, home=home)
    if as_json:
        print_json(made)
        return
    from rich.table import Table

    table = Table("stage", "state", "why", "last took", box=None, pad_edge=False)
    for stage in made.stages:
        took = f"{stage.seconds:.1f} s" if stage.seconds is not None else ""
        table.add_row(stage.stage, stage.state, stage.why, took)
    console().print(table)


def _here(file: Path, *, home: Path | None) -> RunPlan:
    from mdlc.life.train import choose_arguments
    from mdlc.pipelines.local.local_runner import LocalRunner
    from mdlc.pipelines.local.warm_server import WarmServer

    lifecycle, workspace = open_lifecycle(file, home)
    runner = LocalRunner(workspace, WarmServer())
    return runner.plan(choose_arguments(lifecycle, workspace=workspace, runner=runner))


def _on_cluster(file: Path, *, data_root: str | None) -> RunPlan:
    """Ask what the controller asks for status.plan."""
    from mdlc.cluster.submit_run import SourceLocation, sources_of
    from mdlc.core.spec import load
    from mdlc.pipelines.kubeflow.cluster_plan import cluster_plan

    lifecycle = load(file)
    sources = sources_of(lifecycle, file=file, data=SourceLocation(root=data_root))
    return cluster_plan(lifecycle, sources=sources)
