"""In the local overlay: things are killed and taken away, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import time

import httpx
import pytest

from tests.cluster.clients import Clients
from tests.cluster.local import NAME, NAMESPACE, Local, forwarded, get, items, ours, secret, until
from tests.cluster.place import kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
RESTART = os.environ.get("MDLC_TEST_RESTART_API", "")
"""A command that restarts the API server; there is none that works everywhere."""


@pytest.fixture(scope="module", autouse=True)
def served(life: Local) -> None:
    """Wait until the model of test_local serves: its last rollout may be going on."""
    if not get("lifecycle", NAME).get("status", {}).get("serving"):
        pytest.skip("no model serves: tests/cluster/test_local.py comes first")
    until(life.serves, seconds=180, say=life.told)


def retrain(why: str) -> int:
    headers = {"authorization": f"Bearer {secret('trigger')['token']}"}
    body = {"model": NAME, "why": why, "force": True}
    with forwarded("service/trigger", 8090) as port:
        url = f"http://localhost:{port}/v1/retrain"
        return httpx.post(url, json=body, headers=headers, trust_env=False).status_code


def kill(selector: str) -> set[str]:
    """Kill the pods at once, as a lost node does; return their names."""
    names = {pod["metadata"]["name"] for pod in items("pods", "-l", selector)}
    ours("delete", "pod", *names, "--grace-period=0", "--force", "--wait=false")
    return names


def ready(workload: str) -> None:
    ours("rollout", "status", workload, "--timeout=120s")


def test_a_trigger_that_is_killed_during_a_run_follows_it_to_its_end_and_starts_no_other(
    life: Local,
) -> None:
    before = life.runs()
    assert retrain("a test of kills") == 202
    submitted = len(life.kfp.state.things["runs"])
    until(lambda: life.runs()[-1]["backend_run"], seconds=60, say=life.told)
    kill("app.kubernetes.io/name=trigger")
    ready("deployment/trigger")
    until(lambda: life.runs()[-1]["outcome"], seconds=240, say=life.told)
    runs = life.runs()
    assert len(runs) == len(before) + 1
    assert runs[-1]["outcome"] in {"promoted", "refused", "canary"}
    assert len(life.kfp.state.things["runs"]) <= submitted + 1


def test_a_controller_that_is_killed_goes_on_from_the_object(life: Local) -> None:
    runs = [run["id"] for run in get("lifecycle", NAME)["status"]["runs"]]
    kill("app.kubernetes.io/name=controller")
    ready("deployment/controller")
    ours("delete", "configmap", "prometheus-rules")
    until(lambda: get("configmap", "prometheus-rules"), seconds=120, say=life.told)
    assert [run["id"] for run in get("lifecycle", NAME)["status"]["runs"]] == runs


def test_while_the_object_store_is_away_predictions_are_answered_and_it_is_said(
    life: Local,
) -> None:
    with Clients(life, moved=True).running() as clients:
        ours("scale", "statefulset/object-store", "--replicas=0")
        until(
            lambda: life.condition("Serving")["reason"] == "StoreAway", seconds=150, say=life.told
        )
        kill("app.kubernetes.io/name=trigger")  # it starts without the store, too
        ours("scale", "statefulset/object-store", "--replicas=1")
        ready("statefulset/object-store")
        ready("deployment/trigger")
        until(life.serves, seconds=150, say=life.told)
    assert clients.failed == []
    assert len(clients.answered) > 200
    assert life.history()[0]["version"] == "1", "nothing that was stored is lost"


def test_while_the_database_is_away_predictions_are_answered_and_none_is_lost(
    life: Local,
) -> None:
    with Clients(life, moved=True).running() as clients:
        time.sleep(2)
        # Killed after a second, not forced: a forced one would run beside its successor, two
        # servers on one volume, and what the first one writes then is lost.
        ours("delete", "pod", "postgres-0", "--grace-period=1")
        ready("statefulset/postgres")
        time.sleep(5)
    assert clients.failed == []
    until(lambda: set(clients.answered) <= life.logged("predictions"), seconds=60)
    assert set(clients.answered) <= life.logged("labels")


@pytest.mark.skipif(not RESTART, reason="MDLC_TEST_RESTART_API names no command that restarts it")
def test_while_the_api_server_restarts_predictions_are_answered_and_all_goes_on_after(
    life: Local,
) -> None:
    leader = get("lease", "mdlc-controller")["spec"]["leaseTransitions"]
    with Clients(life, moved=True).running() as clients:
        subprocess.run(["bash", "-c", RESTART], check=True, timeout=420)
        until(lambda: kubectl("get", "--raw", "/readyz") == "ok", seconds=120)
        text = life.file.read_text().replace("max_per_month: 5", "max_per_month: 6")
        life.file.write_text(text)
        ours("apply", "-f", str(life.file))
        generation = get("lifecycle", NAME)["metadata"]["generation"]
        until(
            lambda: get("lifecycle", NAME)["status"]["observedGeneration"] == generation,
            seconds=150,
            say=life.told,
        )
        until(life.serves, seconds=60, say=life.told)
    assert clients.failed == []
    assert get("lease", "mdlc-controller")["spec"]["leaseTransitions"] >= leader
    assert life.prometheus('up{job="mdlc-trigger"} == 1')


def test_deleting_the_lifecycle_takes_what_serves_and_keeps_what_was_learnt(life: Local) -> None:
    ours("delete", "lifecycle", NAME, "--timeout=120s")

    def serving() -> list[str]:
        return [one["metadata"]["name"] for one in items("inferenceservices")]

    # KServe has a finalizer of its own, which it removes a moment after the controller's delete.
    until(lambda: NAME not in serving(), seconds=60)
    left = serving()
    assert left == [one["metadata"]["name"] for one in items("lifecycles")]
    assert NAME not in left
    for name in ("prometheus-rules", "lifecycles"):
        parts = get("configmap", name).get("data") or {}
        assert {part.partition(".")[0] for part in parts} == set(left)
    assert life.history()[0]["version"] == "1"
    assert NAMESPACE in kubectl("get", "namespaces", "-o", "name")
