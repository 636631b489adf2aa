"""The InferenceService: KServe's own types take it, and it says what the file says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from kserve.models import V1beta1InferenceService
from ruamel.yaml import YAML

from mdlc.core.errors import SpecError
from mdlc.core.spec import Lifecycle, load
from mdlc.kserve.inference_service import (
    DRAIN_SECONDS,
    END_SECONDS,
    inference_service,
    split_by_gateway,
)
from mdlc.serving.model_server import GRACE_SECONDS
from tests import tiny
from tests.unit.kserve.test_release_folder import entry, made, pointer
from tools.manifests import models

ROOT = Path(__file__).parents[4]
DEPLOY = "    promote: {confidence: 0.6}\n"
RELEASE = made(pointer("1", canary="2"), entry("1"), entry("2", kind="canary", why="it wins"))
STORAGE = "pvc://models/flights/releases/2-aaaaaaaa"


def lifecycle(folder: Path, *lines: str) -> Lifecycle:
    own = "".join(f"      {line}\n" for line in lines)
    edits = [(DEPLOY, f"{DEPLOY}    kserve:\n{own}")] if lines else []
    return load(tiny.write_file(folder, *edits))


def rendered(folder: Path, *lines: str) -> dict[str, Any]:
    return inference_service(
        lifecycle(folder, *lines), release=RELEASE, storage=STORAGE, namespace="models"
    )


def predictor(folder: Path, *lines: str) -> Any:
    return rendered(folder, *lines)["spec"]["predictor"]


def test_by_default_it_names_the_release_and_leaves_the_rest_to_the_runtime(
    tmp_path: Path,
) -> None:
    made_of = rendered(tmp_path)
    model = made_of["spec"]["predictor"]["model"]
    assert model["storageUri"] == STORAGE
    assert model["runtime"] == "mdlc-onnx"
    assert not model.keys() & {"image", "resources", "env", "args"}
    assert made_of["metadata"]["annotations"] == {
        "mdlc.dev/release": RELEASE.folder,
        "mdlc.dev/version": "1",
        "mdlc.dev/digest": "d1",
        "mdlc.dev/why": "it wins",
        "mdlc.dev/canary": "version 2 answers 0.2 of the predictions",
        "serving.kserve.io/autoscalerClass": "none",
        "serving.kserve.io/enable-prometheus-scraping": "false",
    }


EVERYTHING = (
    "runtime: ours",
    "min_replicas: 2",
    "max_replicas: 5",
    "autoscaling: {metric: predictions, target: 100, prometheus: 'http://prometheus:9090'}",
    "pod: {image: a/b:1, cpu: 500m, cpu_limit: '2', memory: 1Gi, gpu: 1, "
    "node_selector: {disk: ssd}, tolerations: [{key: gpu, operator: Exists}]}",
    "service_account: somebody",
    "token_secret: ours",
    "payload_log_secret: log",
    "spread: zones",
    "startup: 5m",
)


@pytest.mark.parametrize("lines", [(), EVERYTHING], ids=["defaults", "everything"])
def test_kserve_has_every_field(tmp_path: Path, lines: tuple[str, ...]) -> None:
    item = rendered(tmp_path, *lines)
    assert list(models._object(V1beta1InferenceService, item, at="")) == []
    item["spec"]["predictor"]["model"]["storageUrl"] = "x"
    assert list(models._object(V1beta1InferenceService, item, at="")) != []


def test_what_the_file_asks_for_is_asked_for(tmp_path: Path) -> None:
    found = predictor(tmp_path, *EVERYTHING)
    model = found["model"]
    assert model["image"] == "a/b:1"
    assert model["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "2", "memory": "1Gi", "nvidia.com/gpu": "1"},
    }
    secrets = {e["name"]: e["valueFrom"]["secretKeyRef"] for e in model["env"]}
    assert secrets == {
        "MDLC_TOKEN": {"name": "ours", "key": "token"},
        "PGUSER": {"name": "log", "key": "username"},
        "PGPASSWORD": {"name": "log", "key": "password"},
    }
    assert found["nodeSelector"] == {"disk": "ssd"}
    assert found["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert found["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"
    probe = model["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 300


def test_predictions_are_scaled_by_keda(tmp_path: Path) -> None:
    item = rendered(tmp_path, *EVERYTHING)
    assert item["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "keda"
    (metric,) = item["spec"]["predictor"]["autoScaling"]["metrics"]
    assert metric["external"]["metric"] == {
        "backend": "prometheus",
        "serverAddress": "http://prometheus:9090",
        "query": 'sum(rate(mdlc_predictions_total{model="tiny"}[2m]))',
    }
    assert metric["external"]["target"]["value"] == "100"


@pytest.mark.parametrize("metric", ["cpu", "memory"])
def test_cpu_and_memory_are_scaled_by_an_hpa(tmp_path: Path, metric: str) -> None:
    lines = ("max_replicas: 3", f"autoscaling: {{metric: {metric}, target: 60}}")
    item = rendered(tmp_path, *lines)
    assert item["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "hpa"
    (found,) = item["spec"]["predictor"]["autoScaling"]["metrics"]
    target = {"type": "Utilization", "averageUtilization": 60}
    assert found["resource"] == {"name": metric, "target": target}


def test_a_predictor_that_is_to_end_has_time_for_it(tmp_path: Path) -> None:
    found = predictor(tmp_path)
    assert found["terminationGracePeriodSeconds"] == END_SECONDS > DRAIN_SECONDS + GRACE_SECONDS
    assert found["deploymentStrategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_the_gateways_canary_is_the_same_model_from_another_folder(tmp_path: Path) -> None:
    stable = rendered(tmp_path)
    item = split_by_gateway(stable, storage="pvc://models/other", percent=20, replicas=1)
    (canary,) = item["spec"]["canary"]
    assert canary["trafficPercent"] == 20
    own = stable["spec"]["predictor"]["model"]
    assert canary["predictor"]["model"] == own | {"storageUri": "pvc://models/other"}
    assert "canary" not in stable["spec"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("releases: gs://bucket", "releases: 'gs://bucket' is not a location"),
        ("{min_replicas: 3, max_replicas: 2}", "max_replicas is below min_replicas 3"),
        ("autoscaling: {metric: predictions}", "say its URL"),
        ("pod: {retries: 2}", "a predictor runs for as long as it serves"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, line: str, said: str) -> None:
    if line.startswith("{"):
        lines = [part.strip() for part in line.strip("{}").split(",")]
    else:
        lines = [line]
    with pytest.raises(SpecError) as error:
        lifecycle(tmp_path, *lines)
    assert said in str(error.value)


def test_a_release_in_s3_is_copied_by_a_container_that_pod_security_lets_in(tmp_path: Path) -> None:
    def asked(storage: str, *lines: str) -> Any:
        of = lifecycle(tmp_path, *lines)
        made = inference_service(of, release=RELEASE, storage=storage, namespace="models")
        assert list(models.check([made])) == []
        return made["spec"]["predictor"].get("storageContainerName")

    there = f"s3://models/flights/releases/{RELEASE.folder}"
    assert asked(there) == "mdlc"
    assert asked(there, "storage_container: ours") == "ours"
    assert asked(there, "storage_container: null") is None
    assert asked(STORAGE) is None, "a claim is mounted"
    text = (ROOT / "manifests/base/serving/storage-container.yaml").read_text()
    (accepted,) = YAML(typ="safe").load(text)["spec"]["supportedUriFormats"]
    assert re.search(accepted["regex"], there)
    assert not re.search(accepted["regex"], "s3://models/of-somebody-else")
