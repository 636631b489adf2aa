"""The compiled pipeline runs to its end, fused or not, with the same artifacts and cache keys.

Executed as submitted: by kfp.local behind stand-ins of KFP's API and of an object store.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdlc.core import objects, remote
from mdlc.core.documents.serving import Pointer
from mdlc.core.spec import load
from mdlc.life.cluster.mirror import mirrored
from mdlc.life.record import history_of
from mdlc.life.release import current
from mdlc.pipelines.kubeflow import sources
from mdlc.pipelines.kubeflow.client import Client
from mdlc.pipelines.kubeflow.runs import RunState
from tests import tiny
from tests.services.kfp_standin import standin
from tests.services.s3_standin import object_store

pytestmark = pytest.mark.slow
ARTIFACTS = "s3://models/mdlc/tiny"
STAGES = {
    *("business", "collection", "preparation", "exploration"),
    *("selection", "training", "evaluation", "deployment"),
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t-of-the-store")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with object_store() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        objects.client.cache_clear()
        yield running
    objects.client.cache_clear()


def ended(client: Client, run_id: str) -> RunState:
    for _ in range(600):
        state = client.state(run_id)
        if state.state != "running":
            return state
        time.sleep(1)
    raise AssertionError("it does not end")


def answers(kfp: Any, run_id: str) -> dict[str, dict[str, Any]]:
    """Return stage -> key, digest and whether it was cached, from the artifacts' metadata."""
    found: dict[str, dict[str, Any]] = {}
    for path in (kfp.state.folder / "runs" / run_id).rglob("executor_output.json"):
        for artifacts in json.loads(path.read_text()).get("artifacts", {}).values():
            for artifact in artifacts["artifacts"]:
                if "key" in artifact.get("metadata", {}):
                    found[artifact["name"]] = artifact["metadata"]
    return found


@pytest.mark.filterwarnings("ignore")
def test_a_run_releases_and_the_light_plan_finds_its_results(store: Any, tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "rows.csv")
    cluster = ("  retrain:\n", "  cluster: {artifacts: s3://models/mdlc}\n  retrain:\n")
    lifecycle = load(tiny.write_file(tmp_path, cluster))
    where = sources.upload(lifecycle, root=tmp_path, artifacts=ARTIFACTS)
    with standin(tmp_path / "kfp") as kfp:
        client = Client(kfp.url)
        first = ended(client, client.submit(lifecycle, sources=where))
        assert first.state == "succeeded", (
            kfp.state.folder / "runs" / first.run_id / "log"
        ).read_text()
        assert {task.name for task in first.tasks} == STAGES | {"release", "report"}
        assert first.outcome is not None
        assert (first.outcome.outcome, first.outcome.run) == ("promoted", first.run_id)
        second = ended(client, client.submit(lifecycle, sources=where, fuse="light"))
        assert second.outcome is not None
        assert second.outcome.outcome == "refused", "it is the champion, byte for byte"
        plain, light = answers(kfp, first.run_id), answers(kfp, second.run_id)
    assert len(plain) == len(light) == len(STAGES)
    same = set(plain) - {"verdict", "release"}
    assert {n: plain[n]["digest"] for n in same} == {n: light[n]["digest"] for n in same}
    assert {n: plain[n]["key"] for n in same} == {n: light[n]["key"] for n in same}
    assert not any(plain[n]["cached"] for n in plain)
    assert all(light[n]["cached"] for n in same)
    assert not light["verdict"]["cached"], "the champion is another now"
    pointer = remote.read_document(f"{ARTIFACTS}/serving.json", Pointer)
    assert pointer is not None
    with mirrored(ARTIFACTS, name="tiny") as place:
        assert current(place) == pointer
        assert [entry.version for entry in history_of(place).entries()] == [pointer.version]
    assert not any(b"s3cr3t-of-the-store" in content for content in store.objects.values())


@pytest.mark.filterwarnings("ignore")
def test_a_failed_run_is_reported_by_the_exit_handler(store: Any, tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "rows.csv", days=10)
    edits = (
        ("  retrain:\n", "  cluster: {artifacts: s3://models/mdlc, fuse: light}\n  retrain:\n"),
        ("    target: answer\n", "    target: answer\n    checks: [{min_rows: 100000}]\n"),
    )
    lifecycle = load(tiny.write_file(tmp_path, *edits))
    where = sources.upload(lifecycle, root=tmp_path, artifacts=ARTIFACTS)
    with standin(tmp_path / "kfp") as kfp:
        client = Client(kfp.url)
        state = ended(client, client.submit(lifecycle, sources=where))
        log = (kfp.state.folder / "runs" / state.run_id / "log").read_text()
    assert state.state == "failed"
    assert "MDLC_ERROR" in log
    assert "100000" in log
    assert state.outcome is not None
    assert state.outcome.outcome == "failed"
    assert {task.name: task.state for task in state.tasks}["report"] == "SUCCEEDED"
    assert remote.read_bytes(f"{ARTIFACTS}/serving.json") is None
