"""mdlc controller: create and maintain what Lifecycle objects on a cluster need."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import Verbose, handle_errors

EPILOG = """Example: mdlc controller --namespace mdlc

mdlc render crd | kubectl apply --server-side -f -

mdlc controller --namespace mdlc --host http://localhost:8888

kubectl -n mdlc apply -f lifecycle.yaml
"""


Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Where the Lifecycle objects are.")
]
Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        envvar="KF_PIPELINES_ENDPOINT",
        help="URL of Kubeflow Pipelines' API; in a pod of the cluster it is found.",
    ),
]
Profile = Annotated[str | None, typer.Option(help="Namespace of a profile, with several users.")]
Pipelines = Annotated[bool, typer.Option(help="Start runs on Kubeflow Pipelines.")]
Trigger = Annotated[bool, typer.Option(help="Pass the files to the trigger.")]
Target = Annotated[
    str,
    typer.Option(
        help="Who evaluates rules: operator (Prometheus operator) or plain (a Prometheus mounting "
        "ConfigMap prometheus-rules)."
    ),
]
TriggerUrl = Annotated[
    str | None, typer.Option(help="URL of mdlc trigger; without it alerts start no retraining.")
]
TokenFile = Annotated[
    str | None, typer.Option(help="File with its bearer token, at its path in Alertmanager.")
]
GrafanaFolder = Annotated[
    str | None, typer.Option(help="Folder that Grafana's sidecar puts dashboards in.")
]
GrafanaUrl = Annotated[str | None, typer.Option(help="Grafana's address, for links in messages.")]
DocsUrl = Annotated[
    str | None, typer.Option(help="Where mdlc's docs/ is published, for links to runbooks.")
]
Busy = Annotated[
    float, typer.Option(min=0.2, max=300, help="Time between looks while a run or rollout goes on.")
]
Quiet = Annotated[float, typer.Option(min=1, max=3600, help="Time between looks otherwise.")]
Health = Annotated[
    str | None, typer.Option(help="HOST:PORT of /healthz; without it, it is not served.")
]
Kubeconfig = Annotated[str | None, typer.Option(help="Default: as kubectl.")]
Level = Annotated[str, typer.Option(help="debug, info or warning.")]


def controller(
    namespace: Namespace = "default",
    host: Host = None,
    kubeflow_namespace: Profile = None,
    pipelines: Pipelines = True,
    trigger: Trigger = True,
    target: Target = "operator",
    trigger_url: TriggerUrl = None,
    trigger_token_file: TokenFile = None,
    grafana_folder: GrafanaFolder = None,
    grafana_url: GrafanaUrl = None,
    docs_url: DocsUrl = None,
    busy_seconds: Busy = 5.0,
    quiet_seconds: Quiet = 60.0,
    health: Health = None,
    kubeconfig: Kubeconfig = None,
    log_level: Level = "info",
    verbose: Verbose = False,
) -> None:
    """Create and maintain runs, predictors, rules and dashboards of Lifecycle objects.

    Of several controllers in a namespace one acts; the others wait for its lease.
    """
    with handle_errors(verbose=verbose):
        mdlc.run_controller(
            namespace=namespace,
            host=host,
            kubeflow_namespace=kubeflow_namespace,
            pipelines=pipelines,
            trigger=trigger,
            target=target,
            trigger_url=trigger_url,
            trigger_token_file=trigger_token_file,
            grafana_folder=grafana_folder,
            grafana_url=grafana_url,
            docs_url=docs_url,
            busy_seconds=busy_seconds,
            quiet_seconds=quiet_seconds,
            health=health,
            kubeconfig=kubeconfig,
            log_level=log_level,
        )
