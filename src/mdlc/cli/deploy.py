"""mdlc deploy: serve what is released on a cluster, with KServe."""

from __future__ import annotations

from pathlib import Path
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
    from mdlc.kserve.deploy_release import DeployResult

EPILOG = "Example: mdlc deploy lifecycle.yaml -n models"


Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Default: the file's, or default.")
]
Kubeconfig = Annotated[str | None, typer.Option(help="Default: as kubectl.")]
Context = Annotated[str | None, typer.Option(help="Default: the current one.")]
Rollback = Annotated[
    bool, typer.Option("--rollback", help="Drop the canary, or go back a version, first.")
]
Why = Annotated[str, typer.Option(help="Of a rollback; recorded in the history.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Ask the API server, change nothing.")]
Follow = Annotated[bool, typer.Option(help="Wait until it serves, and say why not.")]
Timeout = Annotated[
    float | None,
    typer.Option(min=1, help="Seconds to follow; default deploy.kserve.ready_within."),
]
StoragePath = Annotated[
    Path | None, typer.Option(help="Where the claim of pvc:// is mounted here.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Take over fields that somebody else manages.")
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
    """Serve on a cluster what is released, with KServe.

    Ends with 9 if it does not become ready; what served before serves on.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.kserve.deploy_release import DeployOptions, roll_back
        from mdlc.kserve.deploy_release import deploy as put_there
        from mdlc.kubernetes.api_client import Kube
        from mdlc.kubernetes.object_client import ObjectClient

        lifecycle, workspace = open_lifecycle(file, home)
        chosen = namespace or lifecycle.metadata.namespace or "default"
        objects = ObjectClient(Kube(kubeconfig=kubeconfig, context=context), namespace=chosen)
        options = DeployOptions(storage_path, dry_run, force, follow, timeout)
        told = console(stderr=True)

        def tell(words: str) -> None:
            told.print(words, markup=False, soft_wrap=True)

        if rollback:
            done = roll_back(
                lifecycle, workspace=workspace, objects=objects, options=options, told=tell, why=why
            )
        else:
            done = put_there(
                lifecycle, workspace=workspace, objects=objects, options=options, told=tell
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
