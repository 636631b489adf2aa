"""mdlc logs: what a stage said on the cluster."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from mdlc.cli.cluster_options import Host, connect
from mdlc.cli.verb_support import DEFAULT_FILE, File, Verbose, console, handle_errors

EPILOG = "Example: mdlc logs lifecycle.yaml --stage training -n kubeflow"


def logs(
    file: File = DEFAULT_FILE,
    host: Host = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where the pods run.")
    ] = "kubeflow",
    run: Annotated[str | None, typer.Option("--run", help="Default: the newest.")] = None,
    stage: Annotated[str, typer.Option("--stage", help="Such as training.")] = "training",
    lines: Annotated[int, typer.Option("--lines", min=1, help="At most.")] = 500,
    kubeconfig: Annotated[str | None, typer.Option(help="Default: as kubectl.")] = None,
    context: Annotated[str | None, typer.Option(help="Default: the current one.")] = None,
    verbose: Verbose = False,
) -> None:
    """Show the log of a stage's pod."""
    with handle_errors(file, verbose=verbose):
        from mdlc.cluster.stage_logs import error_in, stage_log
        from mdlc.core.errors import DataError
        from mdlc.core.spec import load
        from mdlc.kubernetes.api_client import Kube

        if run is None:
            name = load(file).name
            runs = connect(host, None).runs(name, count=1)
            if not runs:
                raise DataError(f"{name} has no run there", hint="start one with mdlc submit")
            run = runs[-1].run_id
        kube = Kube(kubeconfig=kubeconfig, context=context)
        log = stage_log(kube, namespace=namespace, run_id=run, stage=stage, lines=lines)
    sys.stdout.write(log if log.endswith("\n") else f"{log}\n")
    if error := error_in(log):
        console(stderr=True).print(f"[red]error:[/] {escape(error)}", soft_wrap=True)
