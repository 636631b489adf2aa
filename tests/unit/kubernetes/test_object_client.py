"""What the one client sends to the API server, and what it makes of its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdlc.controller.cluster_objects import ClusterObjects
from mdlc.controller.desired_objects import Rendering, monitoring
from mdlc.controller.lifecycle_object import lifecycle_object
from mdlc.core.errors import RefusedError
from mdlc.core.spec import load
from mdlc.kubernetes.api_client import ApiError
from mdlc.kubernetes.object_client import PLURALS, ObjectClient
from tests import tiny
from tests.unit.controller.world import document

BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
MAPS = "/api/v1/namespaces/models/configmaps"


class FakeKube:
    """Answers what it was given, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    def send(self, method: str, path: str, **more: Any) -> Any:
        self.sent.append((method, path, more))
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(kube: FakeKube, **more: Any) -> ObjectClient:
    return ObjectClient(kube, namespace="models", **more)  # type: ignore[arg-type]


def test_who_applies_and_by_force_is_the_clients_or_the_calls() -> None:
    kube = FakeKube()
    client(kube).apply(BODY)
    client(kube).apply(BODY, force=True, dry_run=True)
    client(kube, manager="other", force=True).apply(BODY)
    client(kube, manager="other").apply(BODY, manager="third")
    assert [(method, path) for method, path, _ in kube.sent] == [("PATCH", f"{MAPS}/a")] * 4
    assert [more["query"] for *_, more in kube.sent] == [
        {"fieldManager": "mdlc", "force": "false"},
        {"fieldManager": "mdlc", "force": "true", "dryRun": "All"},
        {"fieldManager": "other", "force": "true"},
        {"fieldManager": "third", "force": "false"},
    ]


def test_a_field_that_somebody_else_set_is_a_refusal_that_names_him() -> None:
    said = 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.a'
    kube = FakeKube(ApiError(said, status=409))
    with pytest.raises(RefusedError, match=r"kubectl manages \.data\.a"):
        client(kube).apply(BODY)


def test_what_is_gone_is_no_error() -> None:
    gone = ApiError("gone", status=404)
    one = client(FakeKube(gone, gone, gone, gone))
    assert one.get("ConfigMap", "a") is None
    assert one.list("ConfigMap") == []
    one.delete("ConfigMap", "a")
    one.apply_status(BODY)
    with pytest.raises(ApiError):
        client(FakeKube(ApiError("no", status=403))).get("ConfigMap", "a")


def test_only_what_a_lifecycle_owns_is_deleted_and_no_other_of_its_name(tmp_path: Path) -> None:
    one = lifecycle_object(
        {
            **document(tmp_path),
            "metadata": {"name": "tiny", "namespace": "models", "uid": "u", "generation": 1},
        }
    )
    there = {"metadata": {"uid": "x", "ownerReferences": [{"uid": "u"}]}}
    others = {"metadata": {"uid": "x", "ownerReferences": [{"uid": "other"}]}}
    kube = FakeKube(there, {}, others)
    objects = ClusterObjects(kube, namespace="models")  # type: ignore[arg-type]
    assert objects.delete_owned("ConfigMap", "a", of=one)
    assert not objects.delete_owned("ConfigMap", "a", of=one)
    deleted = [(path, more["body"]) for method, path, more in kube.sent if method == "DELETE"]
    assert deleted == [(f"{MAPS}/a", {"preconditions": {"uid": "x"}})]


def test_every_kind_that_the_controller_applies_has_the_path_of_its_version(tmp_path: Path) -> None:
    one = lifecycle_object(
        {
            **document(tmp_path),
            "metadata": {"name": "tiny", "namespace": "models", "uid": "u", "generation": 1},
        }
    )
    how = Rendering(trigger_url="http://127.0.0.1:8090", grafana_folder="f")
    bodies = monitoring(load(tiny.write_file(tmp_path)), of=one, how=how)
    assert {"ConfigMap", "PrometheusRule", "PodMonitor"} <= {body["kind"] for body in bodies}
    for body in bodies:
        assert PLURALS[body["kind"]].rpartition("/")[0] == body["apiVersion"]
