"""Long-running programs: the trigger, the child process of its runs, and the controller."""

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
        files: Lifecycle files, and folders: of a folder all *.yaml, also files that are added
            later.
        backend: Where retrainings run: `local` or `kubeflow`.
        host: Address to listen on.
        port: Port to listen on; 0: a free one, which the log names.
        token_env: Name of the environment variable with the bearer token that callers must send.
        tls_cert: PEM file with the server's certificate, to serve TLS.
        tls_key: PEM file with the certificate's key.
        tls_client_ca: PEM file with certificate authorities; clients need a certificate of one.
        prometheus: URL of Prometheus, by whose counts canaries are judged.
        poll_seconds: Time between two looks at schedule, labels, files, runs and canaries.
        log_level: debug, info or warning.
        home: Folder of the state; None: as for `load`.

    Raises:
        SpecError: a file breaks a rule.
        MdlcError: there is no such backend, or an option is invalid.
        ServiceError: the port is taken.

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
    """Run the controller: it creates and maintains what each Lifecycle object of a cluster needs.

    That is runs, predictors, rules and dashboards. It runs until SIGTERM or SIGINT, in the main
    thread. Of several controllers in a namespace, one acts and the others wait.

    Args:
        namespace: The namespace of the Lifecycle objects.
        host: URL of Kubeflow Pipelines' API; None: found, in a pod of the cluster.
        kubeflow_namespace: The namespace of a Kubeflow profile, if Kubeflow has several users.
        pipelines: Whether to start runs on Kubeflow Pipelines.
        trigger: Whether to pass the files to the trigger.
        target: Who evaluates the rules: `operator` (the Prometheus operator) or `plain` (a
            Prometheus that mounts a ConfigMap).
        trigger_url: URL of the trigger; None: alerts start no retraining.
        trigger_token_file: File with the trigger's bearer token, at its path in Alertmanager.
        grafana_folder: Folder into which Grafana's sidecar puts dashboards.
        grafana_url: Grafana's address, for links in messages.
        docs_url: Address under which mdlc's docs/ is published, for links to runbooks.
        busy_seconds: Time between two looks while a run or rollout goes on.
        quiet_seconds: Time between two looks otherwise.
        health: HOST:PORT of /healthz; None: it is not served.
        kubeconfig: Path of a kubeconfig; None: found as kubectl finds it.
        log_level: debug, info or warning.

    Raises:
        UsageError: an option is invalid.
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
    """Carry out one run that the ledger decided, as a child process of the trigger.

    Only mdlc itself calls this. An error of the run is not raised, but written into the report that
    the trigger reads.
    """
    from mdlc.trigger.backends.child_process import attempt

    attempt(
        lifecycle.definition,
        workspace=lifecycle.workspace,
        id=verdict,
        progress=SilentProgress(),
    )
