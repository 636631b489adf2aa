"""What runs until it is stopped: the trigger, its attempts at a run, and the controller."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mdlc.life.progress import SilentProgress

if TYPE_CHECKING:
    from mdlc.api.lifecycle import Lifecycle


def run_trigger(  # noqa: PLR0913 - all but one by keyword
    files: Sequence[str | Path],
    *,
    backend: str = "local",
    host: str = "127.0.0.1",
    port: int = 8090,
    token_env: str | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    tls_client_ca: Path | None = None,
    prometheus: str | None = None,
    poll_seconds: float = 10.0,
    log_level: str = "info",
    home: Path | None = None,
) -> None:
    """Start retrainings when alerts, a schedule, labels or a changed file ask for them.

    Runs until SIGTERM or SIGINT, in the main thread; logs JSON lines to standard error.

    Args:
        files: Lifecycle files; of a folder all *.yaml, also those that come later.
        backend: Where retrainings run: local, kubeflow.
        host: Address to listen on.
        port: 0: a free one; the log names it.
        token_env: Name of the variable that holds the bearer token.
        tls_cert: PEM file: speak TLS with it.
        tls_key: PEM file: its key.
        tls_client_ca: PEM file: clients need a certificate by one of these.
        prometheus: URL of Prometheus; canaries are judged by its counts.
        poll_seconds: Between two looks at all that is not posted.
        log_level: debug, info or warning.
        home: Folder of the state; None: as for `load`.

    Raises:
        SpecError: a file breaks a rule.
        MdlcError: there is no such backend, or an option breaks a rule.

    Example:
        mdlc.run_trigger(["lifecycle.yaml"])
    """
    from mdlc.api.located_errors import located
    from mdlc.trigger.start_trigger import start
    from mdlc.trigger.trigger_server import TlsFiles, TriggerOptions

    paths = [Path(file) for file in files]
    options = TriggerOptions(
        host=host,
        port=port,
        token_env=token_env,
        tls=TlsFiles(tls_cert, tls_key, tls_client_ca),
        prometheus=prometheus,
        poll_seconds=poll_seconds,
        log_level=log_level,
    )
    with located(paths[0] if paths else None):
        start(paths, home=home, backend=backend, options=options)


def run_controller(  # noqa: PLR0913 - all by keyword
    *,
    namespace: str = "default",
    host: str | None = None,
    kubeflow_namespace: str | None = None,
    pipelines: bool = True,
    trigger: bool = True,
    target: str = "operator",
    trigger_url: str | None = None,
    trigger_token_file: str | None = None,
    grafana_folder: str | None = None,
    grafana_url: str | None = None,
    docs_url: str | None = None,
    busy_seconds: float = 5.0,
    quiet_seconds: float = 60.0,
    health: str | None = None,
    kubeconfig: str | None = None,
    log_level: str = "info",
) -> None:
    """Make runs, predictors, rules and dashboards of Lifecycle objects, and keep them so.

    Runs until SIGTERM or SIGINT, in the main thread. Of several controllers one acts.

    Args:
        namespace: Where the Lifecycle objects are.
        host: URL of Kubeflow Pipelines' API; None: found, in a pod of the cluster.
        kubeflow_namespace: The profile's, where Kubeflow has many users.
        pipelines: Whether runs are started on Kubeflow Pipelines.
        trigger: Whether the files are handed to the trigger.
        target: Who watches: operator (the Prometheus operator), or plain.
        trigger_url: Where the trigger listens; None: nobody retrains.
        trigger_token_file: File with its bearer token, as Alertmanager sees it.
        grafana_folder: Folder that Grafana's sidecar puts dashboards in.
        grafana_url: Grafana's address, for links in messages.
        docs_url: Where mdlc's docs/ is published, for links to runbooks.
        busy_seconds: Between two looks while a run or rollout goes on.
        quiet_seconds: Between two looks otherwise.
        health: HOST:PORT of /healthz; None: there is none.
        kubeconfig: None: as kubectl.
        log_level: debug, info or warning.

    Raises:
        UsageError: an option breaks a rule.
        ServiceError: there is no cluster, or it does not know lifecycles.

    Example:
        mdlc.run_controller(namespace="mdlc")
    """
    from mdlc.controller.clients import ClientSettings
    from mdlc.controller.desired_objects import Rendering, known_target
    from mdlc.controller.start_controller import ControllerOptions, start
    from mdlc.monitoring.render.render_options import check_options

    rendering = Rendering(
        trigger_url,
        trigger_token_file,
        grafana_folder,
        grafana_url,
        docs_url,
        known_target(target),
    )
    check_options(["all"], namespace=namespace, **vars(rendering))
    settings = ClientSettings(host, pipelines, kubeflow_namespace, rendering, trigger)
    start(
        ControllerOptions(
            namespace=namespace,
            kubeconfig=kubeconfig,
            settings=settings,
            busy_seconds=busy_seconds,
            quiet_seconds=quiet_seconds,
            health=health,
            log_level=log_level,
        )
    )


def carry_out(lifecycle: Lifecycle, *, verdict: str) -> None:
    """Carry out one run that the ledger decided, as the trigger's child; for mdlc itself.

    It writes a report for the trigger, which follows it, and raises nothing that the report says.
    """
    from mdlc.trigger.backends.child_process import attempt

    attempt(
        lifecycle.definition,
        workspace=lifecycle.workspace,
        id=verdict,
        progress=SilentProgress(),
    )
