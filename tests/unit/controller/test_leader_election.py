"""Of several controllers one acts: what is done about a lease, and what a door that closes does."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from mdlc.controller.leader_election import LeaderElection, body, decide_lease
from mdlc.core.errors import ServiceError
from mdlc.kubernetes.api_client import ApiError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def lease(holder: str, *, ago: float) -> dict[str, Any]:
    made = body(None, me=holder, now=NOW - timedelta(seconds=ago), namespace="n", seconds=15)
    made["metadata"]["resourceVersion"] = "1"
    return made


class Api:
    """The lease as an API server keeps it: who writes with an old version is refused."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.away = False
        self.lock = threading.Lock()

    def send(self, method: str, _: str, *, body: Any = None) -> Any:
        if self.away:
            raise ServiceError("Kubernetes does not answer")
        with self.lock:
            if method == "GET":
                if self.lease is None:
                    raise ApiError("no", status=404)
                return {**self.lease, "spec": dict(self.lease["spec"])}
            there = self.lease["metadata"]["resourceVersion"] if self.lease else None
            if (method == "POST") == (self.lease is not None):
                raise ApiError("there", status=409)
            if there and body["metadata"]["resourceVersion"] != there:
                raise ApiError("changed", status=409)
            version = str(int(there or 0) + 1)
            self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
            return self.lease


def leader(api: Api, me: str, *, seconds: int = 1) -> LeaderElection:
    return LeaderElection(api, namespace="n", me=me, seconds=seconds, retry=0.05)  # type: ignore[arg-type]


def test_whose_turn_it_is() -> None:
    assert decide_lease(None, me="a", now=NOW, fresh=False).move == "take"
    assert decide_lease(lease("a", ago=100), me="a", now=NOW, fresh=False).move == "renew"
    assert decide_lease(lease("b", ago=5), me="a", now=NOW, fresh=False).move == "wait"
    assert decide_lease(lease("b", ago=16), me="a", now=NOW, fresh=False).move == "take"
    assert decide_lease(lease("b", ago=16), me="a", now=NOW, fresh=True).move == "wait", (
        "clocks differ"
    )
    assert decide_lease(lease("", ago=1), me="a", now=NOW, fresh=False).move == "take"


def test_the_lease_counts_who_had_it() -> None:
    taken = body(lease("b", ago=20), me="a", now=NOW, namespace="n", seconds=15)
    kept = body(taken, me="a", now=NOW + timedelta(seconds=3), namespace="n", seconds=15)
    assert (taken["spec"]["leaseTransitions"], kept["spec"]["leaseTransitions"]) == (1, 1)
    assert kept["spec"]["acquireTime"] == taken["spec"]["acquireTime"]
    assert kept["spec"]["renewTime"] > taken["spec"]["renewTime"]


def test_one_of_many_gets_it() -> None:
    api = Api()
    several = [leader(api, f"c{number}") for number in range(8)]
    threads = [threading.Thread(target=one.look) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.holds() for one in several) == 1


def test_who_releases_it_lets_the_next_one_go_on_at_once() -> None:
    api = Api()
    one, two = leader(api, "one", seconds=60), leader(api, "two", seconds=60)
    assert one.look() == "take"
    assert two.look() == "wait"
    one.release()
    assert not one.holds()
    assert two.look() == "take"


def test_who_cannot_renew_stops_acting_and_goes_on_afterwards() -> None:
    api, lost = Api(), list[str]()
    one = leader(api, "one")
    assert one.acquire(threading.Event())
    one.keep(lost=lost.append)
    api.away = True
    time.sleep(1.5)
    assert not one.holds()
    assert lost == [], "nobody else can have it while nobody answers"
    api.away = False
    time.sleep(0.3)
    assert one.holds()
    one.release()


def test_who_finds_another_holder_ends() -> None:
    api, lost = Api(), list[str]()
    one, two = leader(api, "one"), leader(api, "two")
    assert one.acquire(threading.Event())
    one.keep(lost=lost.append)
    api.away = True
    time.sleep(1.2)
    api.away = False
    assert api.lease is not None
    with api.lock:
        api.lease["spec"]["holderIdentity"] = "two"
        api.lease["spec"]["renewTime"] = "2999-01-01T00:00:00.000000Z"
    time.sleep(0.5)
    assert lost == ["two"]
    assert not one.holds()
    assert two.look() == "renew"


def test_waiting_ends_when_we_are_stopped() -> None:
    api, stopped = Api(), threading.Event()
    leader(api, "one", seconds=60).look()
    threading.Timer(0.2, stopped.set).start()
    assert not leader(api, "two").acquire(stopped)
