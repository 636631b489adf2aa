"""mdlc render: write configuration of other systems from lifecycle files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

if TYPE_CHECKING:
    from mdlc.api.returned_types import Rendered

EPILOG = "Example: mdlc render monitoring lifecycle.yaml --out build"
MONITORING_EPILOG = (
    "Example: mdlc render monitoring lifecycle.yaml --out build --trigger-url "
    "http://localhost:8090 --predictor localhost:8080"
)
KSERVE_EPILOG = "Example: mdlc render kserve lifecycle.yaml -n models | kubectl diff -f -"

CRD_EPILOG = "Example: mdlc render crd | kubectl apply --server-side -f -"

Files = Annotated[
    list[Path], typer.Argument(help="Lifecycle files, rendered together.", metavar="FILE...")
]
Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Target = Annotated[
    str, typer.Option(help="plain (Prometheus, Alertmanager), operator (Kubernetes) or all.")
]
Namespace = Annotated[
    str | None, typer.Option(help="For Kubernetes; default the file's metadata.namespace.")
]
TriggerUrl = Annotated[
    str | None, typer.Option(help="URL of mdlc trigger; without it alerts start no retraining.")
]
TriggerTokenFile = Annotated[
    str | None, typer.Option(help="File with its bearer token, at its path in Alertmanager.")
]
Predictor = Annotated[
    list[str] | None,
    typer.Option(
        help="HOST:PORT of a predictor; with several files NAME=HOST:PORT. May be repeated."
    ),
]
Alertmanager = Annotated[str, typer.Option(help="HOST:PORT that Prometheus sends alerts to.")]
GrafanaFolder = Annotated[
    str | None, typer.Option(help="Folder that Grafana's sidecar puts dashboards in.")
]
GrafanaUrl = Annotated[str | None, typer.Option(help="Grafana's address, for links in messages.")]
DocsUrl = Annotated[
    str | None, typer.Option(help="Where mdlc's docs/ is published, for links to runbooks.")
]

app = typer.Typer(help="Write configuration of other systems.", no_args_is_help=True)


@app.command(epilog=MONITORING_EPILOG)
def monitoring(
    files: Files,
    out: Out,
    target: Target = "all",
    namespace: Namespace = None,
    trigger_url: TriggerUrl = None,
    trigger_token_file: TriggerTokenFile = None,
    predictor: Predictor = None,
    alertmanager: Alertmanager = "localhost:9093",
    grafana_folder: GrafanaFolder = None,
    grafana_url: GrafanaUrl = None,
    docs_url: DocsUrl = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write rules, dashboards, scrape and alert configuration.

    Nothing is removed from the folder. Secrets are not written, only the names of their files.
    """
    with handle_errors(verbose=verbose):
        written = mdlc.render_monitoring(
            [mdlc.load(file) for file in files],
            out=out,
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
    if as_json:
        print_json(written)
    else:
        _say(written, out=out)


@app.command(epilog=KSERVE_EPILOG)
def kserve(
    file: File = DEFAULT_FILE,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="Default: the file's, or default."),
    ] = None,
    home: Home = None,
    verbose: Verbose = False,
) -> None:
    """Print the InferenceService of the released version, as YAML.

    The cluster is not contacted. mdlc deploy also copies the release to the location in it.
    """
    with handle_errors(verbose=verbose):
        from ruamel.yaml import YAML

        body = mdlc.load(file, home=home).cluster().inference_service(namespace=namespace)
        writer = YAML()
        writer.default_flow_style = False
        writer.width = 10_000
        writer.dump(body, sys.stdout)


@app.command(epilog=CRD_EPILOG)
def crd(verbose: Verbose = False) -> None:
    """Print the CustomResourceDefinition of lifecycles for Kubernetes, as YAML."""
    with handle_errors(verbose=verbose):
        sys.stdout.write(mdlc.crd_yaml())


def _say(written: Rendered, *, out: Path) -> None:
    show = console()
    for name in written.files:
        show.print(str(out / name), soft_wrap=True, markup=False)
    for name in written.left:
        show.print(f"{out / name} is from before and not used now", soft_wrap=True, markup=False)
    kept = f"Prometheus has to keep {written.retention}: see {out / 'README.md'}"
    show.print(kept, soft_wrap=True, markup=False)
