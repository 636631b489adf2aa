"""mdlc logs: the log of a stage on the cluster."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

import mdlc
from mdlc.cli.cluster_options import Host
from mdlc.cli.verb_support import DEFAULT_FILE, File, Verbose, console, handle_errors

EPILOG = "Example: mdlc logs lifecycle.yaml --stage training -n kubeflow"


def logs(
    file: File = DEFAULT_FILE,
    host: Host = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where the pods run.")
    ] = "kubeflow",
    run: Annotated[str | None, typer.Option("--run", help="Run id; default: the newest.")] = None,
    stage: Annotated[str, typer.Option("--stage", help="Name of the stage.")] = "training",
    lines: Annotated[int, typer.Option("--lines", min=1, help="Most lines to show.")] = 500,
    kubeconfig: Annotated[str | None, typer.Option(help="Default: as kubectl.")] = None,
    context: Annotated[str | None, typer.Option(help="Default: the current one.")] = None,
    verbose: Verbose = False,
) -> None:
    """Show the log of a stage's pod."""
    with handle_errors(verbose=verbose):
        there = mdlc.load(file).cluster(host, kubeconfig=kubeconfig, context=context)
        log = there.logs(stage, run=run, lines=lines, namespace=namespace)
    sys.stdout.write(log.text if log.text.endswith("\n") else f"{log.text}\n")
    if log.error:
        console(stderr=True).print(f"[red]error:[/] {escape(log.error)}", soft_wrap=True)
