"""mdlc doctor: what a cluster has and lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdlc.cli.cluster_options import Host, connect
from mdlc.cli.verb_support import Json, Verbose, console, handle_errors, print_json

EPILOG = "Example: mdlc doctor lifecycle.yaml --host http://localhost:8888 -n kubeflow"


def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="A lifecycle that is to live there.", metavar="[FILE]")
    ] = None,
    host: Host = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where it is to live.")
    ] = "kubeflow",
    kubeconfig: Annotated[str | None, typer.Option(help="Default: as kubectl.")] = None,
    context: Annotated[str | None, typer.Option(help="Default: the current one.")] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check what a cluster has and lacks.

    Ends with 9 if something is missing that mdlc cannot work without.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.cluster.cluster_checks import CheckTargets, healthy, run_checks
        from mdlc.core.spec import load
        from mdlc.kubernetes.api_client import Kube

        asked = CheckTargets(
            kube=lambda: Kube(kubeconfig=kubeconfig, context=context),
            client=(lambda: connect(host, None)) if host else None,
            namespace=namespace,
            lifecycle=load(file) if file else None,
        )
        checks = run_checks(asked)
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
    if not healthy(checks):
        raise typer.Exit(9)
