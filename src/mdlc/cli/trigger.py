"""mdlc trigger: turn alerts, a schedule, labels and changes into retrainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import Home, Verbose, handle_errors

EPILOG = """Examples:

mdlc trigger lifecycle.yaml

MDLC_TRIGGER_TOKEN=... mdlc trigger flights.yaml loans.yaml --host 0.0.0.0
--token-env MDLC_TRIGGER_TOKEN --prometheus http://localhost:9090

curl localhost:8090/v1/retrain -H "content-type: application/json"
-d '{"model": "loans", "why": "new terms"}'
"""


def trigger(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Lifecycle files, or folders of them: all *.yaml, also files added later.",
            metavar="FILE...",
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free port, which the log names.")] = 8090,
    token_env: Annotated[
        str | None, typer.Option(help="Name of the variable that holds the bearer token.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM file: certificate for TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file: the certificate's key.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="PEM file: authorities of clients' certificates.")
    ] = None,
    backend: Annotated[str, typer.Option(help="Where retrainings run: local, kubeflow.")] = "local",
    prometheus: Annotated[
        str | None, typer.Option(help="URL of Prometheus; canaries are judged by its counts.")
    ] = None,
    poll_seconds: Annotated[
        float, typer.Option(min=0.2, max=300, help="Time between looks at schedule, labels, runs.")
    ] = 10.0,
    log_level: Annotated[str, typer.Option(help="debug, info or warning.")] = "info",
    home: Home = None,
    verbose: Verbose = False,
) -> None:
    """Start retrainings when alerts, a schedule, labels or a changed file ask for them.

    Retrainings keep to the file's budget, run one at a time, and are resumed if they are killed.
    """
    with handle_errors(verbose=verbose):
        mdlc.run_trigger(
            files,
            backend=backend,
            host=host,
            port=port,
            token_env=token_env,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_client_ca=tls_client_ca,
            prometheus=prometheus,
            poll_seconds=poll_seconds,
            log_level=log_level,
            home=home,
        )
