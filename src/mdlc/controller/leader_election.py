"""Who of several controllers acts: the holder of a Lease (coordination.k8s.io). See decision 0016.

A holder that cannot renew, because the API server is away, stops acting when its lease has run
out and goes on when it has renewed. One that finds another holder ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from mdlc.core.errors import ServiceError
from mdlc.kubernetes.api_client import ApiError, Kube
from mdlc.services.json_logs import log

NAME = "mdlc-controller"
DURATION_SECONDS = 15
RETRY_SECONDS = 3.0
CONFLICTS = {404, 409}
Object = dict[str, Any]
Move = Literal["take", "renew", "wait"]


@dataclass(frozen=True)
class LeaseDecision:
    """What to do about the lease."""

    move: Move
    holder: str


def decide_lease(lease: Object | None, *, me: str, now: datetime, fresh: bool) -> LeaseDecision:
    """Say what to do. `fresh`: its renewal changed while we looked, whatever clocks say.

    A lease that somebody else renewed lately is waited for; another machine's clock is not
    trusted alone.
    """
    spec = (lease or {}).get("spec", {})
    holder = spec.get("holderIdentity") or ""
    if holder == me:
        return LeaseDecision("renew", me)
    if not holder:
        return LeaseDecision("take", "")
    renewed = datetime.fromisoformat(spec["renewTime"].replace("Z", "+00:00"))
    over = now - renewed > timedelta(seconds=int(spec["leaseDurationSeconds"]))
    return LeaseDecision("take" if over and not fresh else "wait", holder)


def body(lease: Object | None, *, me: str, now: datetime, namespace: str, seconds: int) -> Object:
    """Return the lease as we hold it."""
    spec = (lease or {}).get("spec", {})
    stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    mine = spec.get("holderIdentity") == me
    moves = int(spec.get("leaseTransitions") or 0)
    metadata: Object = {"name": NAME, "namespace": namespace}
    if lease is not None:
        # Whoever writes second finds another version, and is told so.
        metadata["resourceVersion"] = lease["metadata"]["resourceVersion"]
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": me,
            "leaseDurationSeconds": seconds,
            "acquireTime": spec.get("acquireTime") if mine else stamp,
            "renewTime": stamp,
            "leaseTransitions": moves if mine or lease is None else moves + 1,
        },
    }


class LeaderElection:
    """Holds the lease of one namespace, or waits for it."""

    def __init__(
        self,
        kube: Kube,
        *,
        namespace: str,
        me: str,
        seconds: int = DURATION_SECONDS,
        retry: float = RETRY_SECONDS,
    ) -> None:
        self._kube = kube
        self._namespace = namespace
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._me = me
        self._seconds = seconds
        self._retry = retry
        self._until = 0.0
        self._stamp = ""
        self._told = ""
        self._stopped = threading.Event()

    def holds(self) -> bool:
        """Say whether we may act now. By our own clock, which nobody else can set."""
        return time.monotonic() < self._until

    def acquire(self, stopped: threading.Event) -> bool:
        """Wait until we hold it; False if we were stopped before."""
        while not stopped.is_set():
            if self.look() in {"take", "renew"}:
                return True
            stopped.wait(self._retry)
        return False

    def keep(self, *, lost: Callable[[str], None]) -> threading.Thread:
        """Renew it in a thread until it is released; `lost` is called if somebody else has it."""

        def renewing() -> None:
            while not self._stopped.wait(self._retry):
                if self.look() == "wait" and not self.holds():
                    lost(self._told)
                    return

        thread = threading.Thread(target=renewing, name="lease", daemon=True)
        thread.start()
        return thread

    def look(self) -> Move | None:
        """Look at the lease once and take or renew it; None where the API server is away."""
        started = time.monotonic()
        try:
            lease = self._read()
            stamp = (lease or {}).get("spec", {}).get("renewTime") or ""
            fresh, self._stamp = bool(self._stamp) and stamp != self._stamp, stamp
            now = datetime.now(UTC)
            asked = decide_lease(lease, me=self._me, now=now, fresh=fresh)
            if asked.move == "wait":
                if asked.holder != self._told:
                    log("waiting", holder=asked.holder, lease=f"{self._namespace}/{NAME}")
                self._told = asked.holder
                return "wait"
            self._write(lease, now=now)
        except ApiError as error:
            if error.status in CONFLICTS:
                return None  # somebody was faster; the next look sees who
            log("lease_refused", why=error.message)
            return None
        except ServiceError as error:
            log("lease_away", why=error.message)
            return None
        if not self.holds():
            log("leading", me=self._me, lease=f"{self._namespace}/{NAME}")
        # From before we asked: others count from when the server wrote it, which is later.
        self._until = started + self._seconds
        return asked.move

    def release(self) -> None:
        """Give it up, so that the next one need not wait."""
        self._stopped.set()
        if not self.holds():
            return
        self._until = 0.0
        try:
            lease = self._read()
            if lease is not None and lease["spec"].get("holderIdentity") == self._me:
                lease["spec"]["holderIdentity"] = ""
                self._kube.send("PUT", f"{self._path}/{NAME}", body=lease)
        except ServiceError as error:
            log("lease_not_released", why=error.message)

    def _read(self) -> Object | None:
        try:
            found: Object = self._kube.send("GET", f"{self._path}/{NAME}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return found

    def _write(self, lease: Object | None, *, now: datetime) -> None:
        made = body(lease, me=self._me, now=now, namespace=self._namespace, seconds=self._seconds)
        if lease is None:
            self._kube.send("POST", self._path, body=made)
        else:
            self._kube.send("PUT", f"{self._path}/{NAME}", body=made)
