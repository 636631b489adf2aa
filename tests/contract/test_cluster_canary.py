"""Canaries on a cluster: judged by the run's last step or by hand, on what lies in the bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mdlc.cluster import gate_step, release_step
from mdlc.cluster.state_mirror import mirrored
from mdlc.core.errors import ArtifactError, BusyError, SpecError
from mdlc.core.files import write_document
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality
from mdlc.life.release_record import history_of
from mdlc.life.releases import rollback
from mdlc.pipelines.kubeflow.step_settings import GateTerms, RunOutcome, StepSettings
from mdlc.state import object_storage, remote_files
from mdlc.state.release_documents import Pointer
from tests import tiny
from tests.services.prometheus_standin import prometheus_standin
from tests.services.releases import Releases
from tests.services.s3_standin import object_store

ARTIFACTS = "s3://models/mdlc/flights"
GOOD = {"predictions": 300.0, "failures": 0.0}
BAD = {"predictions": 300.0, "failures": 50.0}


class Cluster:
    """A bucket with version 1 released and version 2 on trial, and a Prometheus."""

    def __init__(self, folder: Path, prometheus: Any, store: Any) -> None:
        self.folder = folder
        self.prometheus = prometheus
        self.store = store
        self.release()
        self.slept: list[float] = []

    def release(self) -> None:
        with mirrored(ARTIFACTS, name="flights") as workspace:
            Releases(workspace).release(1)
        with mirrored(ARTIFACTS, name="flights") as workspace:
            self.digest = Releases(workspace).canary(2).canary.digest  # type: ignore[union-attr]

    @property
    def pointer(self) -> Pointer:
        found = remote_files.read_document(f"{ARTIFACTS}/serving.json", Pointer)
        assert found is not None
        return found

    def history(self) -> list[tuple[str, str]]:
        with mirrored(ARTIFACTS, name="flights") as workspace:
            return [(entry.kind, entry.version) for entry in history_of(workspace).entries()]

    def asked(self, *, timeout: float = 60.0) -> gate_step.GateRequest:
        begun = RunOutcome(
            name="flights",
            run="r-1",
            kind="retraining",
            outcome="canary",
            version="2",
            digest=self.digest,
            replaced="1",
            reasons=["It earns more."],
            ended=datetime.now(UTC),
        )
        write_document(self.folder / "outcome/outcome.json", begun)
        terms = GateTerms(
            canary=Canary(hold="0s", min_predictions=200),
            drift=Drift(),
            quality=Quality(),
            timeout_seconds=timeout,
            poll_seconds=7.0,
        )
        return gate_step.GateRequest(
            settings=StepSettings(
                name="flights", artifacts=ARTIFACTS, kind="retraining", canary=0.2
            ),
            run="r-1",
            terms=terms,
            outcome=str(self.folder / "outcome"),
            out=str(self.folder / "judged"),
        )

    def mdlc(self, *arguments: str) -> Any:
        file = tiny.write_file(
            self.folder,
            ("  name: tiny\n", "  name: flights\n"),
            ("  retrain:\n", "  cluster: {artifacts: s3://models/mdlc}\n  retrain:\n"),
        )
        return tiny.mdlc(arguments[0], file, "--cluster", *arguments[1:])


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with object_store() as store, prometheus_standin({"1": GOOD}) as prometheus:
        monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
        monkeypatch.setenv("MDLC_PROMETHEUS_URL", prometheus.url)
        object_storage.client.cache_clear()
        yield Cluster(tmp_path, prometheus, store)
    object_storage.client.cache_clear()


def test_the_gate_promotes_once_enough_is_answered(cluster: Cluster) -> None:
    def sleep(seconds: float) -> None:
        cluster.slept.append(seconds)
        cluster.prometheus.down[0] = len(cluster.slept) == 1
        cluster.prometheus.counts["2"] = GOOD

    ended = gate_step.perform(cluster.asked(), sleep=sleep)
    assert cluster.slept == [7.0, 7.0], "too few predictions, then no Prometheus, then enough"
    assert (ended.outcome, ended.version, ended.replaced) == ("promoted", "2", "1")
    assert "answered 300 predictions" in ended.reasons[-1]
    assert (cluster.pointer.version, cluster.pointer.canary) == ("2", None)
    assert cluster.history() == [("promotion", "1"), ("canary", "2"), ("promotion", "2")]
    assert remote_files.read_document(f"{ARTIFACTS}/runs/r-1.json", RunOutcome) == ended
    assert gate_step.perform(cluster.asked()).outcome == "promoted", "a second try finds it done"


def test_the_gate_rolls_back_what_fails(cluster: Cluster) -> None:
    cluster.prometheus.counts["2"] = BAD
    ended = gate_step.perform(cluster.asked())
    assert (ended.outcome, ended.replaced) == ("refused", "")
    assert "50 of 350 predictions failed" in ended.reasons[-1]
    assert (cluster.pointer.version, cluster.pointer.canary) == ("1", None)
    assert cluster.history()[-1] == ("canary_rollback", "1")


def test_the_gate_lets_go_of_a_trial_that_lasts_too_long(cluster: Cluster) -> None:
    ended = gate_step.perform(cluster.asked(timeout=0.0))
    assert ended.outcome == "canary"
    assert "After 0s its trial still goes on: it has answered 0 of 200" in ended.reasons[-1]
    assert cluster.pointer.canary is not None


def test_the_gate_sees_what_somebody_else_did(cluster: Cluster) -> None:
    asked = cluster.asked()
    with mirrored(ARTIFACTS, name="flights") as workspace:
        rollback(workspace, time=datetime.now(UTC), why="by a person")
    ended = gate_step.perform(asked)
    assert (ended.outcome, ended.reasons[-1]) == ("refused", "by a person")


def test_the_gate_needs_a_prometheus(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MDLC_PROMETHEUS_URL")
    with pytest.raises(SpecError, match="MDLC_PROMETHEUS_URL"):
        gate_step.perform(cluster.asked())


def test_what_somebody_else_did_meanwhile_is_not_overwritten(cluster: Cluster) -> None:
    def promote_too_late() -> None:
        with mirrored(ARTIFACTS, name="flights") as workspace:
            with mirrored(ARTIFACTS, name="flights") as other:
                rollback(other, time=datetime.now(UTC), why="first")
            Releases(workspace).promote()

    with pytest.raises(BusyError, match="meanwhile"):
        promote_too_late()
    assert cluster.history()[-1] == ("canary_rollback", "1")
    assert cluster.pointer.version == "1"


def test_a_release_of_what_serves_already_is_no_canary_though_another_stands(
    cluster: Cluster,
) -> None:
    """A step that is retried after its version was promoted finds it serving, beside the next."""
    with mirrored(ARTIFACTS, name="flights") as workspace:
        made = Releases(workspace)._made(1, "")
        folder, evaluation = made["deployment"], made["evaluation"]
        write_document(folder / "evaluation.json", evaluation)
        ended = release_step.perform(
            release_step.ReleaseRequest(
                settings=cluster.asked().settings,
                run="r-0",
                evaluation=str(folder),
                deployment=str(folder),
                out=str(cluster.folder),
            )
        )
    assert (ended.outcome, ended.version) == ("promoted", "1")
    assert cluster.pointer.canary is not None


@pytest.mark.parametrize("champion", ["1", "another"])
def test_a_champion_that_loses_to_doing_nothing_is_withdrawn_in_the_bucket_unless_it_is_gone(
    cluster: Cluster, champion: str
) -> None:
    with mirrored(ARTIFACTS, name="flights") as workspace:
        made = Releases(workspace)._made(3, "")
        folder, serving = made["deployment"], cluster.pointer.digest
        judged = made["evaluation"].model_copy(
            update={
                "promote": False,
                "withdraw": "nothing",
                "champion_digest": serving if champion == "1" else champion,
            }
        )
        write_document(folder / "evaluation.json", judged)
        ended = release_step.perform(
            release_step.ReleaseRequest(
                settings=cluster.asked().settings,
                run="r-0",
                evaluation=str(folder),
                deployment=str(folder),
                out=str(cluster.folder),
            )
        )
    assert ended.outcome == "refused"
    if champion == "1":
        assert (cluster.pointer.instead, cluster.pointer.canary) == ("nothing", None)
        assert cluster.history()[-2:] == [("canary_rollback", "1"), ("withdrawal", "1")]
    else:
        assert cluster.pointer.instead == ""


def test_promote_and_rollback_by_hand(cluster: Cluster) -> None:
    promoted = cluster.mdlc("promote", "--why", "enough seen")
    assert promoted.stdout == "version 2 serves\n", promoted.stderr
    assert (cluster.pointer.version, cluster.pointer.canary) == ("2", None)
    again = cluster.mdlc("promote")
    assert again.returncode == 1
    assert "has no canary" in again.stderr
    back = cluster.mdlc("rollback", "--why", "complaints", "--json")
    assert json.loads(back.stdout)["version"] == "1", back.stderr
    assert cluster.history()[-2:] == [("promotion", "2"), ("rollback", "1")]
    further = cluster.mdlc("rollback")
    assert (further.returncode, "no version before 1" in further.stderr) == (1, True)


def test_a_canary_can_be_dropped_though_the_version_before_is_gone(cluster: Cluster) -> None:
    cluster.mdlc("promote")
    with mirrored(ARTIFACTS, name="flights") as workspace:
        Releases(workspace).canary(4)
    for name in [name for name in cluster.store.objects if "/flights/models/1/" in name]:
        del cluster.store.objects[name]
    dropped = cluster.mdlc("rollback")
    assert dropped.stdout == "version 2 serves; version 4 was rolled back\n", dropped.stderr
    gone = cluster.mdlc("rollback")
    assert gone.returncode == ArtifactError.exit_code, gone.stdout
    assert cluster.pointer.version == "2"
