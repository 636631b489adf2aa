"""mdlc deploy: serve the released version on a cluster, with KServe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    StderrLines,
    Verbose,
    console,
    handle_errors,
    print_json,
)

if TYPE_CHECKING:
    from mdlc.api.returned_types import DeployResult

EPILOG = "Example: mdlc deploy lifecycle.yaml -n models"


Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Default: the file's, or default.")
]
Kubeconfig = Annotated[str | None, typer.Option(help="Default: as kubectl.")]
Context = Annotated[str | None, typer.Option(help="Default: the current one.")]
Rollback = Annotated[
    bool, typer.Option("--rollback", help="Drop the canary, or go back a version, first.")
]
Why = Annotated[str, typer.Option(help="Reason of a rollback, for the history.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only have the API server check it.")]
Follow = Annotated[bool, typer.Option(help="Wait until it serves, and say why not.")]
Timeout = Annotated[
    float | None,
    typer.Option(min=1, help="Seconds to follow; default deploy.kserve.ready_within."),
]
StoragePath = Annotated[
    Path | None, typer.Option(help="Folder where the claim of a pvc:// location is mounted here.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite fields that another manager has set.")
]


def deploy(
    file: File = DEFAULT_FILE,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    rollback: Rollback = False,
    why: Why = "asked for by hand",
    dry_run: DryRun = False,
    follow: Follow = True,
    timeout: Timeout = None,
    storage_path: StoragePath = None,
    force: Force = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Serve the released version on a cluster, with KServe.

    Exits with 9 if it does not become ready; the old version then goes on serving.
    """
    with handle_errors(verbose=verbose):
        there = mdlc.load(file, home=home).cluster(kubeconfig=kubeconfig, context=context)
        done = there.deploy(
            namespace=namespace,
            rollback=rollback,
            why=why,
            dry_run=dry_run,
            follow=follow,
            timeout=timeout,
            storage_path=storage_path,
            force=force,
            progress=StderrLines(),
        )
    _print(done, as_json=as_json, dry_run=dry_run)


def _print(done: DeployResult, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json(done)
        return
    what = f"version {done.version}"
    if done.canary:
        what += f", and version {done.canary} for {done.ratio:.6g} of the predictions"
    state = "serves" if done.ready else "would be served" if dry_run else "is applied"
    where = f" at {done.url}" if done.url and done.ready else ""
    console().print(
        f"{done.name} in {done.namespace}: {what} {state}{where}", markup=False, soft_wrap=True
    )
