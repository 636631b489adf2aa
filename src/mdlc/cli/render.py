"""mdlc render: configuration of other systems, written from lifecycle files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mdlc.cli.common import Json, Verbose, console, friendly, print_json

EPILOG = "Example: mdlc render monitoring lifecycle.yaml --out build"
MONITORING_EPILOG = (
    "Example: mdlc render monitoring lifecycle.yaml --out build --trigger-url "
    "http://localhost:8090 --predictor localhost:8080"
)

app = typer.Typer(help="Write configuration of other systems.", no_args_is_help=True)


@app.command(epilog=MONITORING_EPILOG)
def monitoring(
    files: Annotated[
        list[Path], typer.Argument(help="Lifecycle files, rendered together.", metavar="FILE...")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    target: Annotated[
        str, typer.Option(help="plain (Prometheus, Alertmanager), operator (Kubernetes) or all.")
    ] = "all",
    namespace: Annotated[
        str | None, typer.Option(help="For Kubernetes; default the file's metadata.namespace.")
    ] = None,
    trigger_url: Annotated[
        str | None, typer.Option(help="Where mdlc trigger listens; without it nobody retrains.")
    ] = None,
    trigger_token_file: Annotated[
        str | None, typer.Option(help="File with its bearer token, as Alertmanager sees it.")
    ] = None,
    predictor: Annotated[
        list[str] | None,
        typer.Option(
            help="HOST:PORT of a predictor; with several files NAME=HOST:PORT. May be repeated."
        ),
    ] = None,
    alertmanager: Annotated[
        str, typer.Option(help="HOST:PORT that Prometheus sends alerts to.")
    ] = "localhost:9093",
    grafana_folder: Annotated[
        str | None, typer.Option(help="Folder that Grafana's sidecar puts dashboards in.")
    ] = None,
    grafana_url: Annotated[
        str | None, typer.Option(help="Grafana's address, for links in messages.")
    ] = None,
    docs_url: Annotated[
        str | None, typer.Option(help="Where mdlc's docs/ is published, for links to runbooks.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write rules, dashboards, scrape and alert configuration.

    Nothing is removed from the folder. No secret is written: they are named by file.
    """
    with friendly(files[0] if len(files) == 1 else None, verbose=verbose):
        from mdlc.core.spec import load
        from mdlc.monitoring.render.build import write
        from mdlc.monitoring.render.options import checked

        lifecycles = [load(file) for file in files]
        options = checked(
            [one.name for one in lifecycles],
            target=target,
            namespace=namespace,
            trigger_url=trigger_url,
            trigger_token_file=trigger_token_file,
            predictors=predictor or [],
            alertmanager=alertmanager,
            grafana_folder=grafana_folder,
            grafana_url=grafana_url,
            docs_url=docs_url,
        )
        written = write(lifecycles, options=options, out=out)
    if as_json:
        print_json(written)
        return
    show = console()
    for name in written.files:
        show.print(str(out / name), soft_wrap=True, markup=False)
    for name in written.left:
        show.print(f"{out / name} is from before and not used now", soft_wrap=True, markup=False)
    show.print(f"Prometheus has to keep {written.retention}: see {out / 'README.md'}", markup=False)
