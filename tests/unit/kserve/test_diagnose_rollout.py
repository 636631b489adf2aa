"""Why a rollout is not ready, in words: statuses as a real cluster wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from mdlc.kserve.diagnose_rollout import (
    ObservedRollout,
    RolloutFinding,
    error_in,
    findings,
    pod_findings,
)

READY: dict[str, Any] = {"status": {"conditions": []}}


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "status": status}


def container(name: str = "kserve-container", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "r/mdlc-serving:9", "ready": False, "restartCount": 0, **fields}


def unscheduled(message: str) -> dict[str, Any]:
    return pod(conditions=[{"type": "PodScheduled", "status": "False", "message": message}])


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(containerStatuses=[container(state=state, **more)])


def crashed(code: int, reason: str = "Error", name: str = "kserve-container") -> dict[str, Any]:
    last = {"terminated": {"exitCode": code, "reason": reason}}
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    statuses = [container(name, state=state, lastState=last, restartCount=2)]
    return pod(
        **{"initContainerStatuses" if name != "kserve-container" else "containerStatuses": statuses}
    )


NODES = "0/3 nodes are available: 3 "
QUOTA = (
    'pods "x" is forbidden: exceeded quota: mdlc, requested: requests.cpu=4, used: '
    "requests.cpu=14, limited: requests.cpu=16"
)
SECURITY = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
CASES = [
    (waiting("ErrImagePull", "not found"), "image r/mdlc-serving:9 cannot be pulled: not found"),
    (waiting("ImagePullBackOff"), "image r/mdlc-serving:9 cannot be pulled"),
    (waiting("ErrImageNeverPull"), "cannot be pulled"),
    (
        waiting("CreateContainerConfigError", 'secret "predictor" not found'),
        'secret "predictor" not found',
    ),
    (unscheduled(NODES + "Insufficient nvidia.com/gpu."), "no node has a free nvidia.com/gpu"),
    (unscheduled(NODES + "Insufficient memory."), "no node has enough free memory"),
    (
        unscheduled(NODES + "Insufficient cpu, 1 Insufficient memory."),
        "no node has enough free cpu and memory",
    ),
    (
        unscheduled('persistentvolumeclaim "releases" not found'),
        "there is no claim releases",
    ),
    (
        unscheduled("0/1 nodes: pod has unbound immediate PersistentVolumeClaims."),
        "claim is not bound",
    ),
    (
        unscheduled(NODES + "node(s) didn't match Pod's node affinity/selector."),
        "no node is allowed",
    ),
    (crashed(137, "OOMKilled"), "needs more memory than its limit"),
    (crashed(5), "the model does not load: bundle is gone; train again"),
    (crashed(10), "the payload log does not open"),
    (crashed(1), "the server ended with code 1"),
    (crashed(1, name="storage-initializer"), "storage-initializer cannot fetch"),
]


@pytest.mark.parametrize(("seen", "words"), CASES)
def test_a_pod_says_what_keeps_it(seen: dict[str, Any], words: str) -> None:
    (found,) = pod_findings(seen, events=[], logs={"p": "{}\nbundle is gone; train again\n"})
    assert words in found.what
    assert found.next
    assert found.lasting


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            QUOTA,
            "the quota mdlc has no room: requests.cpu=4 is asked, requests.cpu=14 of "
            "requests.cpu=16 is used",
        ),
        (SECURITY, "pod security refuses the pod"),
        (
            'error looking up service account x/p: serviceaccount "p" not found',
            "no service account p",
        ),
        (
            'admission webhook "inferenceservice.kserve-webhook-server.pod-mutator" denied the '
            'request: ClusterStorageContainer "mdlc" not found',
            "no ClusterStorageContainer mdlc",
        ),
    ],
)
def test_pods_that_are_not_made(message: str, words: str) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": message}
    replicas = {"status": {"conditions": [failure]}}
    (found,) = findings(ObservedRollout(READY, replicas, replicas))
    assert words in found.what
    assert found.lasting


def test_a_runtime_that_is_not_there() -> None:
    failure = {"reason": "RuntimeNotRecognized", "message": "No ServingRuntimes x"}
    model = {"lastFailureInfo": failure, "transitionStatus": "InvalidSpec"}
    (found,) = findings(ObservedRollout({"status": {"modelStatus": model}}, None))
    assert "no such runtime: No ServingRuntimes x" in found.what
    model["transitionStatus"] = "InProgress"
    assert findings(ObservedRollout({"status": {"modelStatus": model}}, None)) == []


def test_a_server_that_still_loads_may_be_waited_for() -> None:
    loading = pod(containerStatuses=[container(state={"running": {}})])
    event = {
        "reason": "Unhealthy",
        "message": "Startup probe failed",
        "involvedObject": {"name": "p"},
    }
    (found,) = pod_findings(loading, events=[event], logs={})
    assert "does not answer its probe yet: Startup probe failed" in found.what
    assert not found.lasting


def test_a_ready_pod_has_nothing_to_say() -> None:
    good = pod(containerStatuses=[container(state={"running": {}}) | {"ready": True}])
    assert pod_findings(good, events=[], logs={}) == []


def test_a_pod_that_recovered_from_a_kill_is_not_accused() -> None:
    last = {"terminated": {"exitCode": 5, "reason": "Error"}}
    good = container(state={"running": {}}, lastState=last) | {"ready": True}
    assert pod_findings(pod(containerStatuses=[good]), events=[], logs={}) == []


def test_what_lasts_comes_first_and_once() -> None:
    loading = pod(containerStatuses=[container(state={"running": {}})])
    event = {"reason": "Unhealthy", "message": "probe", "involvedObject": {"name": "p"}}
    pods = [loading, crashed(5), crashed(5)]
    found = findings(ObservedRollout(READY, READY, READY, pods, events=[event]))
    assert [one.lasting for one in found] == [True, False]
    assert isinstance(found[0], RolloutFinding)


def test_the_error_of_a_log_is_its_last_plain_line_or_load_failed() -> None:
    assert error_in('{"event": "loaded"}\nx is missing\n') == "x is missing"
    lines = '{"event": "load_failed", "why": "altered"}\n{"event": "serving"}'
    assert error_in(lines) == "altered"
    assert error_in('{"event": "serving"}') == ""
