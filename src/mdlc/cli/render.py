"""mdlc render: configuration of other systems, written from lifecycle files."""

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
    print_json,
)

if TYPE_CHECKING:
    from mdlc.monitoring.render.render_monitoring import Rendered

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
    str | None, typer.Option(help="Where mdlc trigger listens; without it nobody retrains.")
]
TriggerTokenFile = Annotated[
    str | None, typer.Option(help="File with its bearer token, as Alertmanager sees it.")
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

    Nothing is removed from the folder. No secret is written: they are named by file.
    """
    with handle_errors(files[0] if len(files) == 1 else None, verbose=verbose):
        from mdlc.core.spec import load
        from mdlc.monitoring.render.render_monitoring import write
        from mdlc.monitoring.render.render_options import check_options

        lifecycles = [load(file) for file in files]
        options = check_options(
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
    """Print the InferenceService of what is released, as YAML.

    Nothing is asked or changed on the cluster; mdlc deploy also puts the release where it names it.
    """
    with handle_errors(file, verbose=verbose):
        import sys

        from ruamel.yaml import YAML

        from mdlc.cli.verb_support import open_lifecycle
        from mdlc.kserve.deploy_release import rendered

        lifecycle, workspace = open_lifecycle(file, home)
        chosen = namespace or lifecycle.metadata.namespace or "default"
        body = rendered(lifecycle, workspace=workspace, namespace=chosen)
        writer = YAML()
        writer.default_flow_style = False
        writer.width = 10_000
        writer.dump(body, sys.stdout)


@app.command(epilog=CRD_EPILOG)
def crd(verbose: Verbose = False) -> None:
    """Print the definition of lifecycles as a resource of Kubernetes, as YAML."""
    with handle_errors(verbose=verbose):
        import sys

        from mdlc.kubernetes.crd.crd_definition import definition
        from mdlc.monitoring.render.yaml_text import to_yaml

        head = "Rendered by mdlc render crd from the model that reads lifecycle files."
        sys.stdout.write(to_yaml(definition(), head=head).decode())


def _say(written: Rendered, *, out: Path) -> None:
    show = console()
    for name in written.files:
        show.print(str(out / name), soft_wrap=True, markup=False)
    for name in written.left:
        show.print(f"{out / name} is from before and not used now", soft_wrap=True, markup=False)
    kept = f"Prometheus has to keep {written.retention}: see {out / 'README.md'}"
    show.print(kept, soft_wrap=True, markup=False)
