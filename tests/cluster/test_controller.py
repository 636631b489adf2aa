"""`kubectl apply -f lifecycle.yaml` of the very same file, and the controller makes it so.

A real API server with the definitions of KServe and of the Prometheus operator; Kubeflow Pipelines
and the object store are stand-ins that run what is submitted. Variable: MDLC_TEST_CONTROLLER, the
namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.spec import Lifecycle, load
from mdlc.pipelines.kubeflow import source_uploads
from mdlc.state import object_storage as stores
from tests import tiny
from tests.cluster.door import Door, server
from tests.services.kfp_standin import standin
from tests.services.s3_standin import object_store

ROOT = Path(__file__).parents[2]
NAMESPACE = os.environ.get("MDLC_TEST_CONTROLLER", "mdlc-controller")
ARTIFACTS = "s3://models/mdlc/tiny"
DEFINITION = ROOT / "manifests/base/lifecycles.mdlc.dev.yaml"
SECRET = "s3cr3t-of-the-store"
Object = dict[str, Any]
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]


def kubectl(*arguments: str, given: str = "", check: bool = True) -> str:
    done = subprocess.run(
        ["kubectl", "-n", NAMESPACE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        input=given,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout if check else done.stdout + done.stderr


def get(kind: str, name: str = "tiny") -> Object:
    found: Object = json.loads(kubectl("get", kind, name, "-o", "json"))
    return found


def names(kind: str) -> set[str]:
    items = json.loads(kubectl("get", kind, "-o", "json"))["items"]
    return {item["metadata"]["name"] for item in items}


def condition(kind: str, name: str = "tiny") -> Object:
    conditions = get("lifecycle", name).get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {"status": "", "reason": ""})


def until(what: Callable[[], Any], *, seconds: float = 60) -> Any:
    ends, found = time.monotonic() + seconds, None
    while time.monotonic() < ends:
        found = what()
        if found:
            return found
        time.sleep(0.5)
    status = kubectl("get", "lifecycles", "-o", "yaml", check=False)
    raise AssertionError(f"it did not come, within {seconds} s; last {found!r}\n{status[-6000:]}")


@dataclass
class Controller:
    """A controller as a local process, which can be killed."""

    folder: Path
    arguments: list[str]
    log: Path = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.log = self.folder / f"controller-{time.monotonic_ns()}.log"

    def start(self) -> Controller:
        command = [sys.executable, "-m", "mdlc", "controller", "-n", NAMESPACE, *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def said(self, event: str) -> bool:
        return f'"event":"{event}"' in self.log.read_text()


@dataclass
class Place:
    folder: Path
    kfp: Any
    lifecycle: Lifecycle

    @property
    def file(self) -> Path:
        return self.folder / "lifecycle.yaml"

    def edit(self, *edits: tuple[str, str]) -> None:
        text = self.file.read_text()
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        self.file.write_text(text)

    @contextlib.contextmanager
    def controller(self, *arguments: str) -> Iterator[Controller]:
        fast = ["--host", self.kfp.url, "--busy-seconds", "1", "--quiet-seconds", "3"]
        running = Controller(self.folder, [*fast, *arguments]).start()
        try:
            yield running
        finally:
            if running.process and running.process.poll() is None:
                running.end()


def clean() -> None:
    kubectl("delete", "lifecycles", "--all", "--wait=false", check=False)
    for name in names("lifecycles"):
        kubectl("patch", "lc", name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    for kind in ("configmap", "deployment", "inferenceservice", "lease", "event"):
        kubectl("delete", kind, "--all", check=False)


@pytest.fixture(scope="session")
def namespace() -> None:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(DEFINITION))
    kubectl("create", "namespace", NAMESPACE, check=False)
    kubectl("wait", "--for=condition=Established", "crd/lifecycles.mdlc.dev", "--timeout=30s")


@pytest.fixture
def place(
    namespace: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> Iterator[Place]:
    """The tiny file, with its rows uploaded; runs end as `request.param` says, or really run."""
    clean()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tiny.write_rows(tmp_path / "rows.csv")
    section = "  cluster: {artifacts: s3://models/mdlc, fuse: light}\n  retrain:\n"
    # YAML 1.1, which kubectl reads, takes a plain y for true.
    quoted = ("features: [x, y, group]", 'features: [x, "y", group]')
    lifecycle = load(tiny.write_file(tmp_path, ("  retrain:\n", section), quoted))
    command = getattr(request, "param", None)
    with object_store() as store, standin(tmp_path / "kfp", command=command) as kfp:
        monkeypatch.setenv("AWS_ENDPOINT_URL", store.url)
        stores.client.cache_clear()
        source_uploads.upload(lifecycle, root=tmp_path, artifacts=ARTIFACTS)
        yield Place(tmp_path, kfp, lifecycle)
    stores.client.cache_clear()
    clean()


BROKEN = '{"spec":{"selector":{"matchLabels":null}}}'
WAITING, FAILING = ["sleep", "600"], ["false"]


def test_a_file_becomes_a_run_a_release_a_predictor_and_its_watch(place: Place) -> None:
    with place.controller() as controller:
        kubectl("apply", "-f", str(place.file))
        until(lambda: condition("Trained")["reason"] == "Running")
        before = get("lifecycle")["status"]["plan"]
        until(lambda: condition("Trained")["reason"] == "Promoted", seconds=400)
        until(lambda: get("lifecycle")["status"].get("serving"))
        until(lambda: names("inferenceservices") == {"tiny"})
        controller.end()
    item = get("lifecycle")
    status = item["status"]
    assert condition("Valid")["status"] == condition("Watched")["status"] == "True"
    assert status["serving"]["version"] == status["runs"][-1]["version"]
    assert status["serving"]["money"].endswith("USD")
    assert status["observedGeneration"] == item["metadata"]["generation"]
    assert {stage["state"] for stage in before["stages"]} == {"run", "depends"}
    for kind in ("prometheusrules", "podmonitors"):
        assert names(kind), kind
    owners = get("inferenceservice")["metadata"]["ownerReferences"]
    assert [owner["uid"] for owner in owners] == [item["metadata"]["uid"]]
    assert len([a for a in place.kfp.asked if a == "POST /apis/v2beta1/runs"]) == 1
    plan = [sys.executable, "-m", "mdlc", "plan", str(place.file), "--cluster", "--json"]
    said = json.loads(subprocess.run(plan, capture_output=True, check=True, cwd=ROOT).stdout)
    known = [{"seconds": None} | stage for stage in status["plan"]["stages"]]
    assert known == said["stages"], "the plan on the cluster is mdlc plan's"
    kept = json.dumps(item) + kubectl("get", "events", "-o", "json")
    assert SECRET not in kept
    table = kubectl("get", "lc")
    assert table.split()[:5] == ["NAME", "VERSION", "SERVING", "RUN", "MONEY"]
    assert "promoted" in table


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_a_killed_controller_goes_on_where_it_was_and_starts_nothing_twice(place: Place) -> None:
    with place.controller() as first:
        kubectl("apply", "-f", str(place.file))
        until(lambda: condition("Trained")["reason"] == "Running")
        first.end(signal.SIGKILL)
    started = [run["id"] for run in get("lifecycle")["status"]["runs"]]
    with place.controller() as second:
        until(lambda: second.said("leading"), seconds=40)
        place.edit(("max_per_month: 0", "max_per_month: 1"))
        kubectl("apply", "-f", str(place.file))
        until(lambda: get("lifecycle")["status"]["observedGeneration"] == 2)
        known = [run["id"] for run in get("lifecycle")["status"]["runs"]]
        assert known == started, "no model depends on that key"
        place.edit(("trials: 1", "trials: 2"))
        kubectl("apply", "-f", str(place.file))
        until(lambda: len(get("lifecycle")["status"]["runs"]) == 2)
    assert len([a for a in place.kfp.asked if a == "POST /apis/v2beta1/runs"]) == 2


@pytest.mark.parametrize("place", [FAILING], indirect=True)
def test_a_failed_run_is_said_and_tried_again_when_asked(place: Place) -> None:
    with place.controller():
        kubectl("apply", "-f", str(place.file))
        until(lambda: condition("Trained")["reason"] == "Failed")
        until(lambda: condition("Degraded")["status"] == "True")
        time.sleep(5)
        assert len(get("lifecycle")["status"]["runs"]) == 1, "nobody asked for another"
        kubectl("annotate", "lc", "tiny", "mdlc.dev/run=please")
        until(lambda: len(get("lifecycle")["status"]["runs"]) == 2)


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_a_wrong_file_is_told_in_the_words_of_mdlc_validate(place: Place) -> None:
    """A rule that no schema has: classes that differ. What was there before stays."""
    with place.controller():
        kubectl("apply", "-f", str(place.file))
        until(lambda: condition("Watched")["status"] == "True")
        place.edit(("wait: {bought: 0, left: 0}", "wait: {bought: 0}"))
        kubectl("apply", "-f", str(place.file))
        said = until(lambda: (c := condition("Valid"))["status"] == "False" and c)["message"]
        told = tiny.mdlc("validate", "--no-data", place.file).stderr.strip()
        assert told.startswith(f"error: {place.file}:")
        assert told.endswith(said)
        assert names("prometheusrules") == {"tiny-rules"}
        events = json.loads(kubectl("get", "events", "-o", "json"))["items"]
        assert [e["type"] for e in events if e["reason"] == "Invalid"].count("Warning") >= 1


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_what_somebody_changes_or_deletes_is_set_back(place: Place) -> None:
    with place.controller():
        kubectl("apply", "-f", str(place.file))
        until(lambda: "tiny-rules" in names("prometheusrules"))
        kubectl("delete", "prometheusrule", "tiny-rules")
        kubectl("patch", "podmonitor", "tiny-predictor", "--type=merge", "-p", BROKEN)
        until(lambda: "tiny-rules" in names("prometheusrules"))
        until(lambda: get("podmonitor", "tiny-predictor")["spec"]["selector"]["matchLabels"])
        files = get("configmap", "lifecycles")["data"]
        (place.folder / "handed.yaml").write_text(files["tiny.yaml"])
        assert load(place.folder / "handed.yaml").spec == place.lifecycle.spec


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_deleting_keeps_what_was_learnt_and_says_so(place: Place) -> None:
    with place.controller() as controller:
        kubectl("apply", "-f", str(place.file))
        until(lambda: condition("Trained")["reason"] == "Running")
        controller.end(signal.SIGKILL)
        kubectl("delete", "lc", "tiny", "--wait=false")
        time.sleep(1)
        assert names("lifecycles") == {"tiny"}, "it waits for a controller to clean up"
    with place.controller():
        until(lambda: not names("lifecycles"))
    assert not names("prometheusrules") | names("podmonitors")
    assert "data" not in get("configmap", "lifecycles")
    events = json.loads(kubectl("get", "events", "-o", "json"))["items"]
    (said,) = [e["message"] for e in events if e["reason"] == "Deleted"]
    assert "ended: the run tiny-" in said
    assert f"kept: models, history and caches in {ARTIFACTS}" in said
    (run,) = place.kfp.state.things["runs"].values()
    until(lambda: place.kfp.state.refresh(run).state == "FAILED")


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_one_of_two_controllers_acts_and_the_other_takes_over(place: Place) -> None:
    with place.controller() as first:
        until(lambda: first.said("leading"))
        with place.controller() as second:
            until(lambda: second.said("waiting"))
            kubectl("apply", "-f", str(place.file))
            until(lambda: first.said("lifecycle"))
            assert not second.said("leading")
            assert first.end() == 0, "released, so that the other need not wait"
            until(lambda: second.said("leading"), seconds=8)
            place.edit(("trials: 1", "trials: 2"))
            kubectl("apply", "-f", str(place.file))
            until(lambda: get("lifecycle")["status"]["observedGeneration"] == 2)


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_the_schema_and_its_rules_refuse_at_once(place: Place) -> None:
    def refused(*edits: tuple[str, str]) -> str:
        text = place.file.read_text()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new, 1)
        return kubectl("apply", "--dry-run=server", "-f", "-", given=text, check=False)

    assert "created" in refused()
    again = "  retrain:\n"
    for said, edits in {
        'unknown field "spec.monitr"': (("  deploy:\n", "  monitr: {}\n  deploy:\n"),),
        "retrain.every is needed": ((again, f"{again}    when: [schedule]\n"),),
        "min_accuracy is needed": ((again, f"{again}    when: [accuracy]\n"),),
        "long_window is shorter": (
            (again, f"  monitor: {{window: 1h30m, long_window: 89m}}\n{again}"),
        ),
        "the target cannot be a feature": (("features: [x,", "features: [answer, x,"),),
        "no more than one of csv": (("csv: rows.csv", "csv: rows.csv\n        json: rows.json"),),
        "two or more actions": (("        wait: {bought: 0, left: 0}\n", ""),),
        "must be of type string": (('"y"', "y"),),
    }.items():
        assert said in refused(*edits)
    assert "created" in refused(
        (again, f"  monitor: {{window: 90m, long_window: 1h 30m}}\n{again}")
    )


@pytest.mark.parametrize("place", [WAITING], indirect=True)
def test_it_survives_an_api_server_that_is_away(place: Place) -> None:
    """Through a door that is closed for longer than the lease lasts."""
    with Door(server()) as door:
        config = place.folder / "kubeconfig"
        config.write_text(door.kubeconfig())
        with place.controller("--kubeconfig", str(config)) as controller:
            kubectl("apply", "-f", str(place.file))
            until(lambda: condition("Watched")["status"] == "True")
            door.close()
            until(lambda: controller.said("lease_away"), seconds=60)
            time.sleep(16)
            place.edit(("max_per_month: 0", "max_per_month: 1"))
            kubectl("apply", "-f", str(place.file))
            assert controller.process is not None
            assert controller.process.poll() is None
            door.open()
            until(lambda: get("lifecycle")["status"]["observedGeneration"] == 2, seconds=120)
