"""mdlc doctor: check what mdlc needs of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import mdlc
from mdlc.cli.cluster_options import Host
from mdlc.cli.verb_support import Json, Verbose, console, handle_errors, print_json

EPILOG = "Example: mdlc doctor lifecycle.yaml --host http://localhost:8888 -n kubeflow"


def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="A lifecycle that is to run there.", metavar="[FILE]")
    ] = None,
    host: Host = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace in which it is to run.")
    ] = "kubeflow",
    kubeconfig: Annotated[str | None, typer.Option(help="Default: as kubectl.")] = None,
    context: Annotated[str | None, typer.Option(help="Default: the current one.")] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check what mdlc needs of a cluster.

    Exits with 9 if something is missing that mdlc needs.
    """
    with handle_errors(verbose=verbose):
        checks = mdlc.check_cluster(
            mdlc.load(file) if file else None,
            host=host,
            namespace=namespace,
            kubeconfig=kubeconfig,
            context=context,
        )
    if as_json:
        print_json([check.model_dump(mode="json") for check in checks])
    else:
        out = console()
        for check in checks:
            mark = {"ok": "ok     ", "missing": "MISSING" if check.needed else "missing"}
            line = f"{mark[check.state]} {check.name}: {check.said}"
            out.print(f"{line}; {check.next}" if check.next else line, markup=False, soft_wrap=True)
        if host is None:
            out.print("not asked: Kubeflow Pipelines; name it with --host", soft_wrap=True)
    if not checks.healthy:
        raise typer.Exit(9)
