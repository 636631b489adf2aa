"""The doctor says what is missing, if it is needed, and what to do; logs find a stage's pod."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mdlc.cluster.cluster_checks import CheckTargets, ClusterCheck, healthy, run_checks
from mdlc.cluster.stage_logs import error_in, stage_log
from mdlc.core.errors import DataError, ServiceError, StageError
from mdlc.core.spec import load
from mdlc.kubernetes.api_client import ApiError, Kube
from tests import tiny
from tests.unit.pipelines.cluster import on_cluster


class Cluster(Kube):
    """A cluster as its answers; each can be changed."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "version": "v1.31.2",
            "crds": {"inferenceservices.serving.kserve.io": ["v1beta1"]},
            "default_storage_classes": ["standard"],
            "gpus": {},
            "pod_security": "restricted",
            "secret_keys": {"accesskey"},
            "may": True,
            "send": {},
        } | answers

    def __getattribute__(self, name: str) -> Any:
        if name in ("answers", "__class__", "__dict__"):
            return object.__getattribute__(self, name)
        value = self.answers[name]

        def answer(*_: Any, **__: Any) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

        return answer


def asked(cluster: Cluster, folder: Path, *lines: str) -> dict[str, ClusterCheck]:
    lifecycle = on_cluster(folder, *lines)
    checks = run_checks(
        CheckTargets(kube=lambda: cluster, client=None, namespace="models", lifecycle=lifecycle)
    )
    return {check.name: check for check in checks}


def test_a_cluster_that_has_all_that_is_needed(tmp_path: Path) -> None:
    found = asked(Cluster(), tmp_path, "secrets: [{name: s, env: {A: accesskey}}]")
    assert healthy(list(found.values()))
    assert found["Prometheus operator: prometheusrules"].state == "missing"
    assert found["Prometheus operator: prometheusrules"].next


def test_without_what_copies_releases_from_s3_it_only_says_so(tmp_path: Path) -> None:
    promote = "    promote: {confidence: 0.6}\n"
    releases = (promote, f"{promote}    kserve: {{releases: s3://models/mdlc}}\n")
    lifecycle = load(tiny.write_file(tmp_path, releases))

    def found(cluster: Cluster) -> ClusterCheck:
        checks = run_checks(CheckTargets(lambda: cluster, None, "models", lifecycle))
        assert healthy(checks)
        return next(check for check in checks if check.name == "storage container mdlc")

    assert found(Cluster()).state == "ok"
    gone = found(Cluster(send=ApiError("not found", status=404)))
    assert gone.state == "missing"
    assert "manifests/base/serving" in gone.next


@pytest.mark.parametrize(
    ("answers", "lines", "name", "said"),
    [
        ({"version": "v1.20.4"}, (), "Kubernetes", "too old"),
        ({"crds": {}}, (), "KServe", "no inferenceservices"),
        ({"pod_security": None}, (), "namespace models", "not there"),
        ({}, ("stages: {training: {gpu: 1}}",), "accelerators", "nvidia.com/gpu"),
        ({}, ("secrets: [{name: s, env: {A: key}}]",), "secret s", "no key key"),
        ({"secret_keys": None}, ("secrets: [{name: s, path: /s}]",), "secret s", "not in models"),
    ],
)
def test_what_is_needed_and_missing(
    tmp_path: Path, answers: dict[str, Any], lines: tuple[str, ...], name: str, said: str
) -> None:
    found = asked(Cluster(**answers), tmp_path, *lines)
    assert found[name].state == "missing"
    assert said in found[name].said
    assert found[name].next
    assert not healthy(list(found.values()))


def test_a_question_that_may_not_be_asked_is_said_and_not_needed(tmp_path: Path) -> None:
    refused = ServiceError("Kubernetes answers 403 Forbidden", hint="this account may not ask that")
    found = asked(Cluster(gpus=refused), tmp_path)
    assert found["gpus"].said == "Kubernetes answers 403 Forbidden"
    assert healthy(list(found.values()))


def test_no_cluster_is_one_line(tmp_path: Path) -> None:
    away = ServiceError("Kubernetes does not answer", hint="is the cluster up?")
    found = asked(Cluster(version=away), tmp_path)
    assert found["Kubernetes"].next == "is the cluster up?"
    assert not healthy(list(found.values()))


def test_a_store_that_cannot_be_written_is_missing(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    found = asked(Cluster(), tmp_path)
    assert found["object store"].state == "missing"


def pod(name: str, node: str) -> Any:
    notes = {"workflows.argoproj.io/node-name": node}
    return SimpleNamespace(metadata=SimpleNamespace(name=name, annotations=notes))


PODS = [
    pod("a", "mdlc-tiny-x.root.exit-handler-1.training-driver"),
    pod("b", "mdlc-tiny-x.root.exit-handler-1.training.executor(0)"),
    pod("c", "mdlc-tiny-x.root.exit-handler-1.training.executor(1)"),
    pod("d", "mdlc-tiny-x.root.exit-handler-1.front.executor"),
]


class Logged(Kube):
    """Names the pod whose log was asked for."""

    def __init__(self) -> None:
        pass

    def pods(self, namespace: str, *, labels: str) -> list[Any]:  # noqa: ARG002
        assert labels == "pipeline/runid=r"
        return PODS

    def log(self, namespace: str, pod: str, *, container: str, lines: int) -> str:
        assert (namespace, lines) == ("kubeflow", 5)
        return f"{pod} {container}"


@pytest.mark.parametrize(("stage", "name"), [("training", "c"), ("preparation", "d")])
def test_the_newest_pod_of_a_stage_or_of_what_it_is_fused_into(stage: str, name: str) -> None:
    said = stage_log(Logged(), namespace="kubeflow", run_id="r", stage=stage, lines=5)
    assert said == f"{name} main"


def test_of_the_pods_of_candidates_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = "mdlc-tiny-x.root.exit-handler-1.candidates.iteration-iterator"
    pods = [pod(f"c{n}", f"{loop}({n}:{n}).candidate.executor(0)") for n in range(3)]
    pods.append(pod("a", "mdlc-tiny-x.root.exit-handler-1.assembly.executor(0)"))
    for one in pods:
        one.status = SimpleNamespace(phase="Failed" if one.metadata.name == "c1" else "Succeeded")
    monkeypatch.setattr(Logged, "pods", lambda *_, **__: pods)
    for stage, name in (("training", "c1"), ("assembly", "a"), ("candidate", "c2")):
        said = stage_log(Logged(), namespace="kubeflow", run_id="r", stage=stage, lines=5)
        assert said == f"{name} main"


def test_of_a_candidate_that_went_well_in_the_end_no_failed_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = "mdlc-tiny-x.root.exit-handler-1.candidates.iteration-iterator"
    pods = [pod(f"c{n}", f"{loop}(0:0).candidate.executor({n})") for n in range(2)]
    pods.append(pod("d", f"{loop}(1:1).candidate.executor(0)"))
    for one in pods:
        one.status = SimpleNamespace(phase="Failed" if one.metadata.name == "c0" else "Succeeded")
    monkeypatch.setattr(Logged, "pods", lambda *_, **__: pods)
    said = stage_log(Logged(), namespace="kubeflow", run_id="r", stage="training", lines=5)
    assert said == "d main"


def test_a_stage_without_a_pod_names_those_there_are() -> None:
    with pytest.raises(DataError, match="front, training"):
        stage_log(Logged(), namespace="kubeflow", run_id="r", stage="report", lines=5)


def test_the_error_of_a_log() -> None:
    error = StageError("training: out of memory", hint="use a larger machine")
    log = f"a line\n    MDLC_ERROR {error.to_json()}\nlast"
    assert error_in(log) == "training: out of memory; use a larger machine"
    assert error_in("nothing") == ""
    away = "failed to execute component: failed to download input artifact: no such host"
    launcher = f"F1125 22:29:02.693885      15 main.go:58] {away}\n"
    assert error_in(launcher).endswith("launcher: failed to download input artifact: no such host")
    ended = "F1125 main.go:58] failed to execute component: exit status 6"
    assert error_in(f"{log}\n{ended}") == error_in(log), "the stage knows better"
