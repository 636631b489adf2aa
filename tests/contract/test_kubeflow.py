"""The compiled pipeline runs to its end in every plan, with the same artifacts and cache keys.

Executed as submitted: by kfp.local behind stand-ins of KFP's API and of an object store. The tests
are one story: a first training, the same in another plan, a retraining that a trigger submits.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mdlc.cluster import step_entry
from mdlc.cluster.state_mirror import mirrored
from mdlc.core.documents.training_result import Training
from mdlc.core.errors import DataError, StageError, from_json
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle, load
from mdlc.life.release_record import history_of
from mdlc.life.releases import current
from mdlc.pipelines.kubeflow import source_uploads
from mdlc.pipelines.kubeflow.kfp_client import KfpClient
from mdlc.pipelines.kubeflow.run_state import RunState
from mdlc.serving.payload_log import PayloadLog
from mdlc.state import object_storage, remote_files
from mdlc.state.release_documents import Pointer
from tests import tiny
from tests.services import postgres, triggered
from tests.services.kfp_standin import standin
from tests.services.prometheus_standin import prometheus_standin
from tests.services.s3_standin import object_store

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
ARTIFACTS = "s3://models/mdlc/tiny"
SECRET = "s3cr3t-of-the-store"
STAGES = {
    *("business", "collection", "preparation", "exploration"),
    *("selection", "training", "evaluation", "deployment"),
}
LOOKS_OUTSIDE = {"verdict", "release"}
"""Artifacts of the stages that look at what serves now."""
CLUSTER = """\
  cluster:
    artifacts: s3://models/mdlc
    fuse: light
    parallel: 2
    each: {retries: 0}
    gate: {timeout: 2m, poll: 1s}
    env: {MDLC_PROMETHEUS_URL: PROMETHEUS}
"""
CANARY = "\n    canary: {hold: 2s, min_predictions: 100}"
COUNTS: dict[str, Mapping[str, float]] = {
    "1": {"predictions": 900.0},
    "2": {"predictions": 300.0, "failures": 0.0},
}
"""What Prometheus will have counted of the champion and of the canary."""


@dataclass
class Place:
    """A lifecycle with its data uploaded, an object store, and Kubeflow Pipelines."""

    folder: Path
    file: Path
    store: Any
    kfp: Any
    where: source_uploads.Sources
    store_url: str

    @property
    def lifecycle(self) -> Lifecycle:
        return load(self.file)

    @property
    def client(self) -> KfpClient:
        return KfpClient(self.kfp.url, entry=step_entry.__name__)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("life")
    tiny.write_rows(
        folder / "rows.csv",
        days=triggered.DAYS,
        shift=lambda day: -1.0 if day < triggered.MOVES else 2.0,
    )
    file = tiny.write_file(
        folder,
        ("max_per_month: 0", triggered.RETRAIN),
        ("  retrain:\n", f"{CLUSTER}  retrain:\n"),
        ("{confidence: 0.6}", "{confidence: 0.6}" + CANARY),
    )
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        prometheus = stack.enter_context(prometheus_standin(COUNTS))
        file.write_text(file.read_text().replace("PROMETHEUS}", f"{prometheus.url}}}"))
        store_url = f"sqlite:///{folder / 'log.db'}"
        if not postgres.missing():
            store_url = stack.enter_context(postgres.server()).url()
        store = stack.enter_context(object_store())
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", store.url)
        patch.setenv("MDLC_STORE_URL", store_url)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        object_storage.client.cache_clear()
        stack.callback(object_storage.client.cache_clear)
        where = source_uploads.upload(load(file), root=folder, artifacts=ARTIFACTS)
        kfp = stack.enter_context(standin(folder / "kfp"))
        yield Place(folder, file, store, kfp, where, store_url)


@pytest.fixture(scope="module")
def first(place: Place) -> RunState:
    """The first training: a pod a stage, and a pod a candidate."""
    return ended(place, place.client.submit(place.lifecycle, sources=place.where, fuse="none"))


def ended(place: Place, run_id: str, *, seconds: int = 300) -> RunState:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = place.client.state(run_id)
        if state.state != "running":
            return state
        time.sleep(0.5)
    raise AssertionError(log_of(place, run_id))


def log_of(place: Place, run_id: str) -> str:
    return (place.kfp.state.folder / "runs" / run_id / "log").read_text()


def answers(place: Place, run_id: str) -> dict[str, dict[str, Any]]:
    """Return artifact -> key, digest and whether it was cached, from the artifacts' metadata."""
    found: dict[str, dict[str, Any]] = {}
    for path in (place.kfp.state.folder / "runs" / run_id).rglob("executor_output.json"):
        for artifacts in json.loads(path.read_text()).get("artifacts", {}).values():
            for artifact in artifacts["artifacts"]:
                if "key" in artifact.get("metadata", {}):
                    found[artifact["name"]] = artifact["metadata"]
    return found


def written(kind: type[Document], place: Place, run_id: str, name: str) -> Any:
    """Return the document that a run wrote under this name."""
    (path,) = [
        path
        for path in (place.kfp.state.folder / "runs" / run_id).rglob(name)
        if path.parent.name == "models"
    ]
    return kind.model_validate_json(path.read_text())


def test_a_run_with_a_pod_for_each_candidate_releases(place: Place, first: RunState) -> None:
    assert first.state == "succeeded", log_of(place, first.run_id)
    pods = STAGES - {"training"} | {"candidate", "assembly", "release", "gate", "report"}
    assert {task.name for task in first.tasks} == pods
    assert first.outcome is not None
    assert (first.outcome.outcome, first.outcome.run) == ("promoted", first.run_id)
    log = log_of(place, first.run_id)
    assert "training of rule: computed" in log
    assert "training of logistic: computed" in log
    made = written(Training, place, first.run_id, "training.json")
    assert [candidate.kind for candidate in made.candidates] == ["logistic", "rule"]
    pointer = remote_files.read_document(f"{ARTIFACTS}/serving.json", Pointer)
    assert pointer is not None
    with mirrored(ARTIFACTS, name="tiny") as there:
        assert current(there) == pointer
        assert [entry.version for entry in history_of(there).entries()] == [pointer.version]


def test_the_light_plan_finds_all_of_its_results(place: Place, first: RunState) -> None:
    cluster = place.lifecycle.spec.cluster.model_copy(update={"parallel": 0})
    spec = place.lifecycle.spec.model_copy(update={"cluster": cluster})
    alone = place.lifecycle.model_copy(update={"spec": spec})
    run_id = place.client.submit(alone, sources=place.where)
    second = ended(place, run_id)
    assert second.state == "succeeded", log_of(place, run_id)
    assert {task.name for task in second.tasks} == {"front", "training", "back", "gate", "report"}
    assert second.outcome is not None
    assert second.outcome.outcome == "refused", "it is the champion, byte for byte"
    plain, light = answers(place, first.run_id), answers(place, run_id)
    assert len(light) == len(STAGES)
    assert set(plain) == set(light) | {"trained"}
    same = set(light) - LOOKS_OUTSIDE
    assert {n: plain[n]["digest"] for n in same} == {n: light[n]["digest"] for n in same}
    assert {n: plain[n]["key"] for n in same} == {n: light[n]["key"] for n in same}
    assert not any(plain[n]["cached"] for n in plain)
    assert all(light[n]["cached"] for n in same)
    assert not light["verdict"]["cached"], "the champion is another now"


def test_status_on_the_cluster(place: Place, first: RunState) -> None:
    shown = tiny.mdlc("status", place.file, "--host", place.kfp.url)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("serving: version 1, ")
    assert f"run {first.run_id}: {first.name} succeeded promoted 1" in lines
    told = tiny.mdlc("status", place.file, "--host", place.kfp.url, "--json")
    state = json.loads(told.stdout)
    assert state["serving"]["version"] == "1"
    runs = {run["run_id"]: run for run in state["runs"]}
    assert runs[first.run_id]["outcome"]["outcome"] == "promoted"
    assert runs[first.run_id]["link"].endswith(f"/#/runs/details/{first.run_id}")


def test_alerts_lead_to_one_retraining_whatever_is_killed(place: Place, first: RunState) -> None:
    """Its preparation exports the labels from the database; its winner is released on trial.

    The run's last step judges the trial by Prometheus.
    """
    del first
    with contextlib.closing(PayloadLog(place.store_url, name="tiny")) as log:
        triggered.fill(log, place.folder / "rows.csv")
    before = set(place.kfp.state.things["runs"])
    given = {"KF_PIPELINES_ENDPOINT": place.kfp.url, "MDLC_STORE_URL": place.store_url}
    arguments = (place.file, "--backend", "kubeflow")
    with triggered.Trigger(*arguments, **given) as trigger:
        answered(trigger)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: post(trigger), range(99))) == {200}
        trigger.wait_for("run_started")
        (run_id,) = made_since(place, before)
        os.kill(trigger.process.pid, signal.SIGKILL)
    with triggered.Trigger(*arguments, **given) as trigger:
        answered(trigger)
        done = trigger.wait_for("run_ended", seconds=300)
        assert (done["outcome"], done["version"]) == ("promoted", "2"), log_of(place, run_id)
        assert post(trigger) == 200
        time.sleep(1)
        assert trigger.stop() == 0
    assert made_since(place, before) == [run_id], "not one more"
    made = answers(place, run_id)
    assert not made["table"]["cached"]
    with mirrored(ARTIFACTS, name="tiny") as there:
        pointer = current(there)
        assert pointer is not None
        assert pointer.version == "2"
        told = [(entry.kind, entry.version) for entry in history_of(there).entries()]
    assert told == [("promotion", "1"), ("canary", "2"), ("promotion", "2")]
    outcome = place.client.state(run_id).outcome
    assert outcome is not None
    assert (outcome.kind, outcome.outcome, outcome.replaced) == ("retraining", "promoted", "1")
    assert "answered 300 predictions" in outcome.reasons[-1]
    contents = b"".join(place.store.objects.values())
    assert SECRET.encode() not in contents
    assert place.store_url.encode() not in contents


def post(trigger: triggered.Trigger) -> int:
    with trigger.client() as client:
        return client.post("/v1/alerts", json=triggered.alert()).status_code


def answered(trigger: triggered.Trigger) -> None:
    """Post as Alertmanager does: again until it is taken, which is when what serves is known."""
    codes = [post(trigger)]
    while codes[-1] != 200 and len(codes) < 100:
        time.sleep(0.2)
        codes.append(post(trigger))
    assert set(codes) <= {503, 200}
    assert codes[-1] == 200


def made_since(place: Place, before: set[str]) -> list[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not set(place.kfp.state.things["runs"]) - before:
        time.sleep(0.2)
    return sorted(set(place.kfp.state.things["runs"]) - before)


def test_a_failed_run_is_reported_by_the_exit_handler(place: Place, tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "rows.csv")
    edits = (
        ("  name: tiny\n", "  name: small\n"),
        (
            "  retrain:\n",
            "  cluster: {artifacts: s3://models/mdlc, fuse: light, each: {retries: 0}}\n"
            "  retrain:\n",
        ),
        ("    target: answer\n", "    target: answer\n    checks: [{min_rows: 100000}]\n"),
    )
    file = tiny.write_file(tmp_path, *edits)
    shown = tiny.mdlc("submit", file, "--host", place.kfp.url, "--upload")
    assert shown.returncode == StageError.exit_code
    (run_id,) = [line.split()[-1] for line in shown.stderr.splitlines() if "new run" in line]
    state = ended(place, run_id)
    log = log_of(place, state.run_id)
    assert state.state == "failed"
    assert "MDLC_ERROR" in log
    assert "100000" in log
    assert state.outcome is not None
    assert state.outcome.outcome == "failed"
    (why,) = state.outcome.reasons
    assert "100000 rows" in why, "it says what the stage said"
    lines = shown.stderr.splitlines()
    assert {line.split()[0] for line in lines[2:-1]} == {"front", "report"}, "no other began"
    told = lines[-1]
    assert f"failed at front: {why}; mdlc logs FILE --run {run_id} --stage front" in told
    assert isinstance(from_json(state.outcome.error), DataError)
    assert {task.name: task.state for task in state.tasks}["report"] == "SUCCEEDED"
    assert remote_files.read_bytes("s3://models/mdlc/small/serving.json") is None
    listed = tiny.mdlc("status", file, "--host", place.kfp.url).stdout
    assert f"run {run_id}: {state.name} failed: {why}\n" in listed
