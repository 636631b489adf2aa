"""Deploying: the folder before the object, one name for one release, words for failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.bundle import open_bundle
from mdlc.core.errors import MdlcError, RefusedError, ServiceError
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle, load
from mdlc.kserve import follow_rollout, gateway_canary
from mdlc.kserve.deploy_release import DeployOptions, DeployResult, deploy, rendered, roll_back
from mdlc.kserve.release_source import releases_of
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer
from tests import tiny
from tests.services.releases import Releases, first_release
from tests.unit.kserve.fake_cluster import Cluster

DEPLOY = "    promote: {confidence: 0.6}\n"


class Scene:
    """A lifecycle with released versions, a claim that is mounted, and a cluster in memory."""

    def __init__(self, folder: Path, *lines: str) -> None:
        own = "".join(f"      {line}\n" for line in ("releases: pvc://claim/team", *lines))
        edits = [("name: tiny", "name: flights"), (DEPLOY, f"{DEPLOY}    kserve:\n{own}")]
        self.lifecycle: Lifecycle = load(tiny.write_file(folder, *edits))
        self.releases: Releases = first_release(folder)
        self.cluster = Cluster()
        self.mount = folder / "mounted"
        self.mount.mkdir()
        self.told: list[str] = []

    def run(self, verb: Callable[..., DeployResult] = deploy, **more: Any) -> DeployResult:
        options = DeployOptions(storage_path=self.mount, **more.pop("options", {}))
        workspace = self.releases.workspace
        objects = self.cluster
        return verb(
            self.lifecycle,
            workspace=workspace,
            objects=objects,
            options=options,
            told=self.told.append,
            **more,
        )

    def folder(self, done: DeployResult) -> Path:
        return self.mount / done.storage.removeprefix("pvc://claim/")

    def uri(self) -> str:
        found: str = self.cluster.applied[-1]["spec"]["predictor"]["model"]["storageUri"]
        return found


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(follow_rollout, "POLL_SECONDS", 0.01)
    return Scene(tmp_path)


def test_a_release_is_whole_and_named(scene: Scene) -> None:
    done = scene.run()
    assert done.storage == scene.uri() == f"pvc://claim/team/flights/releases/{done.release}"
    pointer = read_document(scene.folder(done) / "serving.json", Pointer)
    manifest, _ = open_bundle(scene.folder(done) / pointer.bundle)
    assert manifest.digest == pointer.digest
    assert (done.ready, done.written, done.changed) == (True, True, True)
    assert done.url == "http://flights.example.com"


def test_again_changes_nothing(scene: Scene) -> None:
    first, again = scene.run(), scene.run()
    assert (again.written, again.changed, again.release) == (False, False, first.release)


def test_a_canarys_release_has_both_bundles(scene: Scene) -> None:
    scene.run()
    scene.releases.canary(2)
    done = scene.run()
    assert (done.version, done.canary, done.ratio) == ("1", "2", 0.2)
    pointer = read_document(scene.folder(done) / "serving.json", Pointer)
    assert pointer.canary is not None
    digests = {
        of.version: open_bundle(scene.folder(done) / of.bundle)[0].digest
        for of in (pointer, pointer.canary)
    }
    assert digests == {"1": pointer.digest, "2": pointer.canary.digest}


def test_a_canary_that_does_not_load_is_not_said_to_answer(scene: Scene) -> None:
    scene.run()
    scene.releases.canary(2)
    scene.cluster.logs["pod-2"] = '{"event": "canary_load_failed", "why": "it is altered"}\n'
    with pytest.raises(ServiceError, match=r"the canary does not load.*it is altered"):
        scene.run()


def test_rolling_back_names_the_folder_that_served_before(scene: Scene) -> None:
    first = scene.run()
    scene.releases.release(3)
    third = scene.run()
    assert third.release != first.release
    back = scene.run(roll_back, why="worse")
    assert (back.release, back.version, back.written) == (first.release, "1", False)
    assert "worse" in scene.releases.workspace.history.read_text().splitlines()[-1]


def test_a_dry_run_writes_nothing(scene: Scene) -> None:
    done = scene.run(options={"dry_run": True})
    assert not done.ready
    assert scene.cluster.applied == []
    assert list(scene.mount.iterdir()) == []
    with pytest.raises(MdlcError, match="no dry run"):
        scene.run(roll_back, why="", options={"dry_run": True})


def test_a_field_of_somebody_else_is_found_before_anything_is_written(scene: Scene) -> None:
    scene.cluster.managed = "somebody manages .spec"
    with pytest.raises(RefusedError, match="somebody manages"):
        scene.run()
    assert list(scene.mount.iterdir()) == []
    assert scene.run(options={"force": True}).ready


def test_what_keeps_it_from_serving_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.run()
    scene.releases.release(3)
    state = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    status = {"name": "kserve-container", "image": "x:9", "ready": False, "state": state}
    scene.cluster.breaks = {"phase": "Pending", "containerStatuses": [status]}
    monkeypatch.setattr(follow_rollout, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(ServiceError) as error:
        scene.run(options={"seconds": 0.1})
    assert "the image x:9 cannot be pulled: not found" in str(error.value)
    assert "1 of the release before serve on" in str(error.value)
    assert error.value.exit_code == 9


def test_rendering_asks_no_cluster(scene: Scene) -> None:
    body = rendered(scene.lifecycle, workspace=scene.releases.workspace, namespace="models")
    scene.run()
    assert body == scene.cluster.applied[-1]


def test_the_lifecycle_is_free_while_it_is_followed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    look = follow_rollout.look

    def seen(*arguments: Any, **named: Any) -> Any:
        held.append(scene.releases.workspace.busy)
        return look(*arguments, **named)

    monkeypatch.setattr(follow_rollout, "look", seen)
    scene.run()
    assert held == [False]


def test_what_is_released_on_a_cluster_is_served_and_rolled_back(tmp_path: Path) -> None:
    """The pointer, bundles and history of spec.cluster.artifacts; not those of this machine."""
    scene = Scene(tmp_path)
    scene.releases.release(3)
    store = tmp_path / "store"
    text = (tmp_path / "lifecycle.yaml").read_text()
    (tmp_path / "lifecycle.yaml").write_text(f"{text}  cluster:\n    artifacts: {store}\n")
    scene.lifecycle = load(tmp_path / "lifecycle.yaml")
    for bundle in (scene.releases.workspace.folder / "models").iterdir():
        remote_files.put_folder(bundle, f"{store}/flights/models/{bundle.name}")
    for name in ("history.jsonl", "history.jsonl.head", "serving.json"):
        remote_files.put_file(scene.releases.workspace.folder / name, f"{store}/flights/{name}")
    scene.releases.workspace.pointer.unlink()
    assert scene.run().version == "3"
    assert scene.run(roll_back, why="worse").version == "1"
    assert read_document(store / "flights/serving.json", Pointer).version == "1"
    assert "worse" in (store / "flights/history.jsonl").read_text()


def route(**weights: int) -> dict[str, Any]:
    refs = [{"name": name.replace("_", "-"), "weight": w} for name, w in weights.items()]
    owner = [{"kind": "InferenceService", "name": "flights"}]
    return {"metadata": {"ownerReferences": owner}, "spec": {"rules": [{"backendRefs": refs}]}}


@pytest.fixture
def split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(follow_rollout, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(gateway_canary, "ROUTE_SECONDS", 0.0)
    scene = Scene(tmp_path, "canary: gateway")
    schema: dict[str, Any] = {"properties": {"spec": {"properties": {"canary": {}}}}}
    spec = {"versions": [{"schema": {"openAPIV3Schema": schema}}]}
    scene.cluster.items["CustomResourceDefinition", gateway_canary.DEFINITION] = {"spec": spec}
    scene.releases.canary(2)
    return scene


def test_a_gateway_that_has_the_share_is_believed(split: Scene) -> None:
    split.cluster.lists["HTTPRoute"] = [
        route(flights_predictor=80, flights_canary_predictor=20),
    ]
    done = split.run()
    (canary,) = split.cluster.applied[-1]["spec"]["canary"]
    assert canary["trafficPercent"] == 20
    stable, other = split.uri(), canary["predictor"]["model"]["storageUri"]
    for uri, version in ((stable, "1"), (other, "2")):
        pointer = read_document(
            split.mount / uri.removeprefix("pvc://claim/") / "serving.json", Pointer
        )
        assert (pointer.version, pointer.canary) == (version, None)
    assert done.ratio == 0.2


@pytest.mark.parametrize(
    "routes", [[], [route(flights_predictor=1)], [route(a=90, flights_canary_predictor=10)]]
)
def test_a_gateway_that_lacks_the_share_is_refused(split: Scene, routes: list[Any]) -> None:
    split.cluster.lists["HTTPRoute"] = routes
    with pytest.raises(RefusedError, match="does not give the canary its 20 %"):
        split.run()
    assert "canary" not in split.cluster.applied[-1]["spec"]


def test_a_kserve_without_canaries_is_refused(split: Scene) -> None:
    split.cluster.items.clear()
    with pytest.raises(RefusedError, match=r"no spec\.canary"):
        split.run()
    assert split.cluster.applied == []


def test_a_gateway_has_whole_percentages() -> None:
    with pytest.raises(RefusedError, match="whole percentages"):
        gateway_canary.percent_of(0.125)


def test_a_release_needs_a_place(tmp_path: Path) -> None:
    lifecycle = load(tiny.write_file(tmp_path))
    with pytest.raises(MdlcError, match=r"deploy\.kserve\.releases"):
        releases_of(lifecycle)
