"""mdlc serve: answer predictions over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Verbose,
    console,
    handle_errors,
    open_lifecycle,
)

EPILOG = (
    "Example: mdlc serve lifecycle.yaml --port 8080, then "
    "curl localhost:8080/v1/models/NAME:predict -d '{\"instances\": [{...}]}'"
)


def serve(
    file: File = DEFAULT_FILE,
    port: Annotated[int | None, typer.Option(help="Default: spec.deploy.serving.port.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    token_env: Annotated[
        str | None, typer.Option(help="Name of the variable that holds the bearer token.")
    ] = None,
    home: Home = None,
    verbose: Verbose = False,
) -> None:
    """Answer predictions over HTTP.

    By KServe's V1 and V2 protocols, with feedback and metrics.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.life.releases import require
        from mdlc.life.serve_here import serve_here

        lifecycle, workspace = open_lifecycle(file, home)
        pointer = require(workspace)
        at = port or lifecycle.spec.deploy.serving.port
        console(stderr=True).print(
            f"{lifecycle.name} version {pointer.version} on http://{host}:{at}/v1/models/{lifecycle.name}"
        )
        serve_here(lifecycle, workspace=workspace, host=host, port=at, token_env=token_env)
