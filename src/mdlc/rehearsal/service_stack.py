"""All that plays in a rehearsal: predictor, Prometheus, Alertmanager and trigger, on loopback."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.core.spec import Lifecycle
from mdlc.life.server_process import command, free_port
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.rehearsal.child_programs import Program, find
from mdlc.rehearsal.time_compression import write
from mdlc.state.workspace import Workspace

TOKEN_ENV = "MDLC_TRIGGER_TOKEN"  # noqa: S105 - the name of a variable, not what is in it
POLL_SECONDS = "0.5"


@dataclass
class ServiceStack:
    """The four programs, in the order in which they start."""

    predictor: Program
    trigger: Program
    alertmanager: Program
    prometheus: Program

    @property
    def programs(self) -> list[Program]:
        """All four."""
        return [self.predictor, self.trigger, self.alertmanager, self.prometheus]


@dataclass(frozen=True)
class Ports:
    """Where each listens on loopback."""

    predictor: int
    trigger: int
    alertmanager: int
    prometheus: int

    @classmethod
    def free(cls) -> Ports:
        """Choose ports that nobody listens on right now."""
        return cls(*(free_port() for _ in range(4)))


@contextmanager
def running_stack(
    lifecycle: Lifecycle, *, workspace: Workspace, root: Path, ports: Ports
) -> Iterator[ServiceStack]:
    """Start all four for a compressed `lifecycle` and end them with the block.

    `root` is where the sources of the file lie; all that is written lies in `workspace`.

    Raises:
        ServiceError: Prometheus or Alertmanager is not installed, or a program does not start.
    """
    ensemble = _compose(lifecycle, workspace=workspace, root=root, ports=ports)
    with ExitStack() as stack:
        for program in ensemble.programs:
            stack.callback(program.stop)
            program.start()
        yield ensemble


def folder_of(workspace: Workspace) -> Path:
    """Return where configurations, logs and the programs' own data lie."""
    return workspace.home / "programs"


def client(ports: Ports) -> Prometheus:
    """Return a client of the rehearsal's Prometheus."""
    return Prometheus(f"http://127.0.0.1:{ports.prometheus}")


def _compose(
    lifecycle: Lifecycle, *, workspace: Workspace, root: Path, ports: Ports
) -> ServiceStack:
    folder = folder_of(workspace)
    file = folder / "lifecycle.yaml"
    write(lifecycle, file, root=root)
    token = secrets.token_urlsafe()
    token_file = folder / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    _render(lifecycle, folder=folder, ports=ports, token_file=token_file)
    return ServiceStack(
        predictor=_predictor(lifecycle, workspace=workspace, folder=folder, port=ports.predictor),
        trigger=_trigger(file, workspace=workspace, folder=folder, ports=ports, token=token),
        alertmanager=_alertmanager(folder, port=ports.alertmanager),
        prometheus=_prometheus(folder, port=ports.prometheus),
    )


def _predictor(lifecycle: Lifecycle, *, workspace: Workspace, folder: Path, port: int) -> Program:
    # Rows keep their own time, so that the windows of the data mean what they say.
    parts = command(lifecycle, workspace=workspace, port=port, request_clock=True)
    parts[parts.index("--poll-seconds") + 1] = POLL_SECONDS
    ready = f"http://127.0.0.1:{port}/v2/models/{lifecycle.name}/ready"
    return Program("the predictor", parts, folder / "predictor.log", ready, {"MDLC_TOKEN": ""})


def _trigger(
    file: Path, *, workspace: Workspace, folder: Path, ports: Ports, token: str
) -> Program:
    parts = [sys.executable, "-m", "mdlc", "trigger", str(file), "--home", str(workspace.home)]
    parts += ["--host", "127.0.0.1", "--port", str(ports.trigger), "--token-env", TOKEN_ENV]
    parts += ["--prometheus", f"http://127.0.0.1:{ports.prometheus}"]
    parts += ["--poll-seconds", POLL_SECONDS]
    ready = f"http://127.0.0.1:{ports.trigger}/readyz"
    return Program("the trigger", parts, folder / "trigger.log", ready, {TOKEN_ENV: token})


def _alertmanager(folder: Path, *, port: int) -> Program:
    parts = [find("alertmanager", "prometheus-alertmanager")]
    parts += [f"--config.file={folder / 'plain' / 'alertmanager.yaml'}"]
    parts += [f"--storage.path={folder / 'alertmanager'}", "--cluster.listen-address="]
    parts += [f"--web.listen-address=127.0.0.1:{port}"]
    ready = f"http://127.0.0.1:{port}/-/ready"
    return Program("Alertmanager", parts, folder / "alertmanager.log", ready)


def _prometheus(folder: Path, *, port: int) -> Program:
    parts = [find("prometheus"), f"--config.file={folder / 'plain' / 'prometheus.yaml'}"]
    parts += [f"--storage.tsdb.path={folder / 'prometheus'}"]
    parts += [f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"]
    ready = f"http://127.0.0.1:{port}/-/ready"
    return Program("Prometheus", parts, folder / "prometheus.log", ready)


def _render(lifecycle: Lifecycle, *, folder: Path, ports: Ports, token_file: Path) -> None:
    """Write what `mdlc render monitoring` would, with shorter waits between looks and messages."""
    from mdlc.monitoring.render.render_monitoring import write as render
    from mdlc.monitoring.render.render_options import check_options

    options = check_options(
        [lifecycle.name],
        target="plain",
        predictors=[f"127.0.0.1:{ports.predictor}"],
        alertmanager=f"127.0.0.1:{ports.alertmanager}",
        trigger_url=f"http://127.0.0.1:{ports.trigger}",
        trigger_token_file=str(token_file),
    )
    render([lifecycle], options=options, out=folder)
    with _edited(folder / "plain" / "alertmanager.yaml") as routed:
        for route in _routes(routed["route"]):
            route.update(group_wait="0s", group_interval="1s", repeat_interval="5s")
    with _edited(folder / "plain" / "prometheus.yaml") as scraped:
        ours = [job for job in scraped["scrape_configs"] if job["job_name"] != "prometheus"]
        scraped["scrape_configs"] = [
            {**job, "scrape_interval": "1s", "scrape_timeout": "1s"} for job in ours
        ]


@contextmanager
def _edited(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what a YAML file says, and write it again as the block leaves it."""
    from ruamel.yaml import YAML

    content = YAML(typ="safe").load(path)
    yield content
    with path.open("w") as file:
        YAML().dump(content, file)


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for below in route.get("routes", []):
        yield from _routes(below)
