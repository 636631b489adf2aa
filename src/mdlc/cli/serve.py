"""mdlc serve: answer predictions over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Verbose,
    console,
    handle_errors,
)

EPILOG = (
    "Example: mdlc serve lifecycle.yaml --port 8080, then "
    "curl localhost:8080/v1/models/NAME:predict -H 'content-type: application/json' "
    "-d '{\"instances\": [{...}]}'"
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

    It serves KServe's V1 and V2 protocols, feedback and metrics.
    """
    with handle_errors(verbose=verbose):
        mdlc.load(file, home=home).serve_forever(
            host=host,
            port=port,
            token_env=token_env,
            starting=lambda at: console(stderr=True).print(
                f"{at.name} version {at.version} on {at.url}"
            ),
        )
