"""Leader election: of several controllers, only the holder of a Lease acts (decision 0016).

A holder that cannot renew its Lease, because the API server does not answer, stops acting when the
Lease runs out and continues when it has renewed it. A holder that finds another holder exits.
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
    """What to do with the Lease, and how long to wait."""

    move: Move
    holder: str


def decide_lease(lease: Object | None, *, me: str, now: datetime, fresh: bool) -> LeaseDecision:
    """Decide whether to take, renew or wait for the Lease.

    `fresh` says that its renewal time changed while we watched. Clocks of machines differ, so a
    Lease counts as expired only if its time says so and it has not changed while we watched.
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
    """Return the Lease object with us as its holder."""
    spec = (lease or {}).get("spec", {})
    stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    mine = spec.get("holderIdentity") == me
    moves = int(spec.get("leaseTransitions") or 0)
    metadata: Object = {"name": NAME, "namespace": namespace}
    if lease is not None:
        # The resource version makes the second of two writers fail with a conflict.
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
    """Holds the Lease of one namespace, or waits for it."""

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
        """Return whether we may act now, by our own monotonic clock."""
        return time.monotonic() < self._until

    def acquire(self, stopped: threading.Event) -> bool:
        """Wait until we hold the Lease; return False if we were stopped first."""
        while not stopped.is_set():
            if self.look() in {"take", "renew"}:
                return True
            stopped.wait(self._retry)
        return False

    def keep(self, *, lost: Callable[[str], None]) -> threading.Thread:
        """Renew the Lease in a thread until `release`; call `lost` if another holder has it."""

        def renewing() -> None:
            while not self._stopped.wait(self._retry):
                if self.look() == "wait" and not self.holds():
                    lost(self._told)
                    return

        thread = threading.Thread(target=renewing, name="lease", daemon=True)
        thread.start()
        return thread

    def look(self) -> Move | None:
        """Read the Lease once, and take or renew it; None if the API server does not answer."""
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
        # Counted from before the request; others count from the server's write, which is later.
        self._until = started + self._seconds
        return asked.move

    def release(self) -> None:
        """Give the Lease up, so that the next controller need not wait for it to expire."""
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
