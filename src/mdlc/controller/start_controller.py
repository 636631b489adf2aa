"""Starts the controller: waits for the lease, then lets kopf watch until it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import uuid
from dataclasses import dataclass, field

from mdlc.controller.clients import Clients, ClientSettings
from mdlc.controller.cluster_objects import ClusterObjects
from mdlc.controller.leader_election import LeaderElection
from mdlc.core.errors import MdlcError, ServiceError
from mdlc.kubernetes.api_client import ApiError, Kube
from mdlc.kubernetes.crd.crd_definition import NAME
from mdlc.services import json_logs
from mdlc.services.json_logs import log


@dataclass(frozen=True)
class ControllerOptions:
    """How the controller is started."""

    namespace: str
    kubeconfig: str | None = None
    settings: ClientSettings = field(default_factory=ClientSettings)
    busy_seconds: float = 5.0
    quiet_seconds: float = 60.0
    health: str | None = None
    """HOST:PORT of /healthz; None: no such address."""
    log_level: str = "info"


def start(options: ControllerOptions) -> None:
    """Run the controller until SIGTERM or SIGINT.

    Raises:
        ServiceError: there is no cluster, or it does not know lifecycles.
        MdlcError: the lease was taken over by another controller.
    """
    json_logs.configure(options.log_level)
    if options.kubeconfig:
        # kopf asks Kubernetes' own client, which looks here.
        os.environ["KUBECONFIG"] = options.kubeconfig
    kube = Kube(kubeconfig=options.kubeconfig)
    _known(kube, namespace=options.namespace)
    me = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    leader = LeaderElection(kube, namespace=options.namespace, me=me)
    asyncio.run(_run(options, kube=kube, leader=leader, me=me))


async def _run(options: ControllerOptions, *, kube: Kube, leader: LeaderElection, me: str) -> None:
    """Wait for the lease while only our health answers, then watch."""
    import kopf

    from mdlc.controller.kopf_handlers import Handlers, ReconcileIntervals

    loop, stop, lost = asyncio.get_running_loop(), threading.Event(), []

    def ended(holder: str) -> None:
        lost.append(holder)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    health = await _health(options.health)
    log("started", namespace=options.namespace)
    try:
        if not await asyncio.to_thread(leader.acquire, stop):
            return
        leader.keep(lost=ended)
        pace = ReconcileIntervals(busy=options.busy_seconds, quiet=options.quiet_seconds)
        handlers = Handlers(
            lambda namespace: Clients(
                ClusterObjects(kube, namespace=namespace), settings=options.settings
            ),
            pace=pace,
            may_act=leader.holds,
        )
        registry = kopf.OperatorRegistry()
        handlers.register(registry)
        await kopf.operator(
            registry=registry,
            standalone=True,
            # kopf would ask for the name of our user, which a container does not know.
            identity=me,  # type: ignore[arg-type] # a text by another name
            namespaces=[options.namespace],
            stop_flag=stop,
        )
    finally:
        stop.set()  # kopf's thread that waits for it, too
        await asyncio.to_thread(leader.release)
        if health is not None:
            health.close()
        log("stopped")
    if lost:
        raise MdlcError(f"the lease is held by {lost[0]} now", hint="this one starts anew")


async def _health(address: str | None) -> asyncio.Server | None:
    """Answer /healthz for as long as the event loop turns; also while we wait for the lease."""
    if address is None:
        return None
    host, _, port = address.rpartition(":")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.readline(), timeout=5)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
            await writer.drain()
        except (OSError, TimeoutError):
            pass
        finally:
            writer.close()

    try:
        return await asyncio.start_server(answer, host or "127.0.0.1", int(port))
    except (OSError, ValueError) as error:
        raise ServiceError(f"cannot listen at {address}: {error}") from error


def _known(kube: Kube, *, namespace: str) -> None:
    """Ask whether the cluster knows lifecycles, by the one question that we have to be allowed."""
    try:
        ClusterObjects(kube, namespace=namespace).lifecycles()
    except ApiError as error:
        if error.status == 404:
            raise ServiceError(
                f"the cluster has no {NAME}", hint="mdlc render crd | kubectl apply -f -"
            ) from error
        raise
