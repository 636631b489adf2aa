"""The local overlay: applied, everything ready, and a lifecycle that lives and learns in it.

One story in order: each test goes on where the one before it ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from mdlc.core.spec import load
from mdlc.pipelines.kubeflow import sources
from tests.cluster import local, place
from tests.cluster.local import NAME, Local, get, items, ours, until

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
V1, V2 = f"/v1/models/{NAME}:predict", f"/v2/models/{NAME}/infer"
FEEDBACK = f"/v1/models/{NAME}:feedback"


@pytest.fixture(scope="module")
def life(tmp_path_factory) -> Iterator[Local]:
    if why := place.unreachable() or local.somebodys():
        pytest.skip(why)
    with local.local(tmp_path_factory.mktemp("local")) as made:
        yield made


def test_everything_of_the_overlay_is_ready_under_the_restricted_profile(life: Local) -> None:
    namespace = get("namespace", "mdlc")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    pods = items("pods")
    names = {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods}
    assert names == {
        *("postgres", "object-store", "mlflow", "trigger", "controller"),
        *("prometheus", "alertmanager"),
    }
    for pod in pods:
        assert pod["status"]["phase"] == "Running", pod["metadata"]["name"]
        for container in pod["status"]["containerStatuses"]:
            assert (container["ready"], container["restartCount"]) == (True, 0), container
    policies = {policy["metadata"]["name"] for policy in items("networkpolicies")}
    assert {"default-deny", "trigger", "controller", "postgres", "object-store"} <= policies


def test_a_file_is_applied_and_a_model_of_it_answers_both_protocols(life: Local) -> None:
    sources.upload(load(life.file), root=life.folder, artifacts=f"s3://mdlc/lives/{NAME}")
    ours("apply", "-f", str(life.file))
    until(lambda: life.condition("Trained")["reason"] == "Promoted", seconds=240, say=life.told)
    until(lambda: life.serves() == "1", seconds=180, say=life.told)
    row = {"x": 0.5, "y": -0.2, "group": "a"}
    inputs = [
        {"name": "x", "datatype": "FP64", "shape": [1], "data": [0.5]},
        {"name": "y", "datatype": "FP64", "shape": [1], "data": [-0.2]},
        {"name": "group", "datatype": "BYTES", "shape": [1], "data": ["a"]},
    ]
    with life.client() as client:
        until(lambda: client.get(f"/v1/models/{NAME}").status_code == 200, seconds=30)
        first = client.post(V1, json={"instances": [row], "ids": ["first"]})
        second = client.post(V2, json={"inputs": inputs})
    assert (first.status_code, second.status_code) == (200, 200), first.text + second.text
    assert first.json()["model_version"] == second.json()["model_version"] == "1"
    storage = get("inferenceservice", NAME)["spec"]["predictor"]["model"]["storageUri"]
    assert storage.startswith("s3://mdlc/"), "KServe's storage-initializer has copied it"
    assert "first" in life.logged("predictions")
    versions = httpx.get(
        f"http://localhost:5000/api/2.0/mlflow/model-versions/get?name={NAME}&version=1"
    )
    assert versions.status_code == 200, "MLflow's registry has it too"


class Clients:
    """Send rows again and again, each with its label; remember what was not answered."""

    def __init__(self, life: Local, *, moved: bool) -> None:
        self.rows, self.client = life.rows(moved=moved), life.client()
        self.answered: list[str] = []
        self.failed: list[str] = []
        self.versions: set[str] = set()
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[Clients]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        number = 0
        with self.client:
            while not self._stop.is_set():
                number += 1
                self._send([self.rows[(number * 10 + one) % len(self.rows)] for one in range(10)])
                self._stop.wait(0.5)

    def _send(self, rows: list[dict[str, str]]) -> None:
        ids = [f"{row['id']}-{time.monotonic_ns()}" for row in rows]
        body = {
            "ids": ids,
            "instances": [
                {"x": float(row["x"]), "y": float(row["y"]), "group": row["group"]} for row in rows
            ],
        }
        labels = [{"id": i, "label": row["answer"]} for i, row in zip(ids, rows, strict=True)]
        try:
            answer = self.client.post(V1, json=body)
            told = self.client.post(FEEDBACK, json={"labels": labels})
        except httpx.HTTPError as error:
            self.failed.append(f"{type(error).__name__}: {error}")
            return
        if answer.status_code == told.status_code == 200:
            self.answered += ids
            self.versions.add(answer.json()["model_version"])
        else:
            self.failed.append(f"{answer.status_code} {told.status_code} {told.text[:200]}")


def test_prometheus_scrapes_the_predictors_and_an_unchanged_world_is_no_alarm(life: Local) -> None:
    with Clients(life, moved=False).running() as clients:
        counted = f'sum(mdlc_predictions_total{{model="{NAME}"}})'
        until(lambda: life.prometheus(counted), seconds=90, say=life.told)
        up = f'count(up{{job="mdlc-predictor", model="{NAME}"}} == 1) == 2'
        until(lambda: life.prometheus(up), seconds=30)
        assert life.prometheus('up{job="mdlc-trigger"} == 1')
        rules = f'model:mdlc_predictions:sum_short{{model="{NAME}"}}'
        until(lambda: life.prometheus(rules), seconds=120, say=life.told)
        time.sleep(60)
        firing = life.prometheus('ALERTS{alertstate="firing", severity!="info"}')
    assert [alert["metric"]["alertname"] for alert in firing] == []
    assert clients.failed == []


def test_an_alert_starts_a_run_and_the_better_model_serves(life: Local) -> None:
    assert life.runs() == []
    with Clients(life, moved=True).running() as clients:
        found = until(life.runs, seconds=300, say=life.told)
        assert set(found[0]["reasons"]) <= {"calibration", "money", "skill"}
        until(lambda: life.runs()[0]["outcome"] == "promoted", seconds=300, say=life.told)
        until(lambda: life.serves() == "2", seconds=180, say=life.told)
        until(lambda: "2" in clients.versions, seconds=60)
    assert clients.failed == []
    assert len(life.runs()) == 1
    assert set(clients.answered) <= life.logged("predictions")
    assert set(clients.answered) <= life.logged("labels")
