"""The local overlay: applied, everything ready, and a lifecycle that lives and learns in it.

One story in order: each test goes on where the one before it ended.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from mdlc.core.spec import load
from mdlc.pipelines.kubeflow import source_uploads
from tests.cluster.clients import V1, Clients
from tests.cluster.faulty import faulty_canary
from tests.cluster.local import NAME, Local, get, items, ours, until

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
V2 = f"/v2/models/{NAME}/infer"


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
    source_uploads.upload(load(life.file), root=life.folder, artifacts=life.artifacts)
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


def test_another_lifecycle_lives_beside_it_and_neither_sees_the_others_rows(life: Local) -> None:
    other = life.beside("other")
    source_uploads.upload(load(other.file), root=other.folder, artifacts=other.artifacts)
    ours("apply", "-f", str(other.file))
    until(lambda: other.condition("Trained")["reason"] == "Promoted", seconds=240, say=other.told)
    until(lambda: other.serves() == "1", seconds=180, say=other.told)
    body = {"instances": [{"x": 0.5, "y": -0.2, "group": "a"}], "ids": ["another"]}
    with other.client() as client:
        url = "/v1/models/other:predict"
        until(lambda: client.post(url, json=body).status_code == 200, seconds=30)
    until(lambda: "another" in other.logged("predictions"), seconds=30)
    assert "another" not in life.logged("predictions")


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


def test_an_alert_starts_a_run_and_its_model_wins_a_trial_by_what_prometheus_counted(
    life: Local,
) -> None:
    assert life.runs() == []
    with Clients(life, moved=True).running() as clients:
        found = until(life.runs, seconds=300, say=life.told)
        assert set(found[0]["reasons"]) <= {"calibration", "money", "skill"}
        until(lambda: life.runs()[0]["outcome"] == "canary", seconds=300, say=life.told)
        until(lambda: life.canary() == "2", seconds=180, say=life.told)
        clients.versions.clear()
        until(lambda: life.serves() == "2", seconds=300, say=life.told)
        trial = clients.versions["2"] / clients.versions.total()
        until(lambda: set(clients.versions) and not life.canary(), seconds=60)
    assert clients.failed == []
    assert 0.05 < trial < 0.5, "asked for are 20 %; a rollout begins and ends it"
    assert len(life.runs()) == 1
    assert replace(life, name="other").runs() == [], "nothing has moved in its world"
    assert set(clients.answered) <= life.logged("predictions")
    assert set(clients.answered) <= life.logged("labels")


def test_a_bad_canary_costs_no_request_and_is_rolled_back_by_what_prometheus_counted(
    life: Local, tmp_path: Path
) -> None:
    faulty_canary(life, tmp_path, version="66", ratio=0.2)
    with Clients(life, moved=True).running() as clients:
        until(lambda: life.canary() == "66", seconds=180, say=life.told)
        until(lambda: life.history()[-1]["kind"] == "canary_rollback", seconds=240, say=life.told)
        until(lambda: life.serves() == "2" and not life.canary(), seconds=180, say=life.told)
    assert "predictions failed" in life.history()[-1]["why"]
    assert clients.failed == []
    assert set(clients.versions) == {"2"}, "the champion answers what the canary cannot"
