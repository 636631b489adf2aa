"""On a real cluster, by KServe: served, canary, rolled out under load, killed, rolled back."""

from __future__ import annotations

import time

import pytest

from mdlc.serving.canary_routing import position
from tests.cluster import place
from tests.cluster.place import NAME, ROW, V1, V2, Load, Served
from tests.services.predictor import wait_until

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if why := place.unreachable():
        pytest.skip(why)
    with place.served(tmp_path_factory.mktemp("kserve")) as served:
        said = served.deploy()
        assert "version 1 serves at http" in said
        # KServe is ready when the route is accepted; a gateway follows within seconds.
        with served.client() as client:
            wait_until(lambda: client.get(f"/v1/models/{NAME}").status_code == 200)
        yield served


@pytest.mark.parametrize("way", ["service", "gateway"])
def test_a_promoted_model_answers_both_protocols(made: Served, way: str) -> None:
    v2 = {
        "inputs": [
            {"name": "x0", "datatype": "FP32", "shape": [2], "data": [1.0, -1.0]},
            {"name": "carrier", "datatype": "BYTES", "shape": [2], "data": ["AA", "B6"]},
        ]
    }
    with made.client() if way == "gateway" else made.service_client() as client:
        first = client.post(V1, json={"instances": [ROW]})
        assert first.status_code == 200, first.text
        assert first.json()["model_version"] == "1"
        assert first.json()["predictions"][0]["action"] == "rebook"
        second = client.post(V2, json=v2)
        assert second.status_code == 200, second.text
        assert second.json()["model_version"] == "1"
        assert client.post(V1, json={}, headers={"authorization": "Bearer no"}).status_code == 401
    assert second.json()["model_name"] == NAME


def versions(made: Served, ids: list[str]) -> dict[str, int]:
    """Ask in requests of 50 rows through the gateway; return version -> how many it answered."""
    found: dict[str, int] = {}
    with made.client() as client:
        for start in range(0, len(ids), 50):
            some = ids[start : start + 50]
            answer = client.post(V1, json={"instances": [ROW] * len(some), "ids": some})
            assert answer.status_code == 200, answer.text
            for one in answer.json()["predictions"]:
                version = one.get("version", answer.json()["model_version"])
                found[version] = found.get(version, 0) + 1
    return found


def test_a_canary_answers_its_share_exactly(made: Served) -> None:
    made.write("min_replicas: 2")
    made.releases.canary(2)
    said = made.deploy()
    assert "version 1, and version 2 for 0.2 of the predictions serves" in said
    assert len(made.pods()) == 2
    ids = [f"canary-{number}" for number in range(2000)]
    expected = sum(position(one) < 0.2 for one in ids)
    assert versions(made, ids) == {"1": 2000 - expected, "2": expected}
    assert 350 < expected < 450


def test_rolling_back_drops_the_canary_and_restores_the_revision(made: Served) -> None:
    with_canary = made.storage()
    assert "release 1-" in made.deploy("--rollback", "--why", "complaints")
    assert made.storage() != with_canary
    assert versions(made, [f"after-{number}" for number in range(200)]) == {"1": 200}
    last = made.releases.place.history.read_text().splitlines()[-1]
    assert '"canary_rollback"' in last
    assert '"complaints"' in last


def test_a_bad_canary_costs_no_request_and_is_rolled_back(made: Served) -> None:
    before, old = made.storage(), made.replicaset()
    made.releases.canary(4, fault="nan", ratio=0.5)
    made.deploy()
    assert versions(made, [f"bad-{number}" for number in range(1000)]) == {"1": 1000}
    failed = 0.0
    for pod in made.pods():
        text = place.kubectl(
            *("get", "--raw", f"/api/v1/namespaces/{place.NAMESPACE}/pods/{pod}:8080/proxy/metrics")
        )
        line = 'mdlc_version_failures_total{model="flights",version="4"}'
        failed += sum(float(x.rpartition(" ")[2]) for x in text.splitlines() if x.startswith(line))
    assert failed == sum(position(f"bad-{number}") < 0.5 for number in range(1000))
    made.deploy("--rollback", "--why", "its scores are not numbers")
    assert (made.storage(), made.replicaset()) == (before, old)


def test_a_new_release_rolls_out_under_load_without_a_failure(made: Served) -> None:
    made.releases.release(3)
    with Load(made).running() as through, Load(made, gateway=False).running() as direct:
        made.deploy()
        time.sleep(3)
    for load in (through, direct):
        assert load.failed == []
        assert load.versions["1"] > 20
        assert load.versions["3"] > 20


def test_rollback_restores_the_previous_revision(made: Served) -> None:
    third = made.replicaset()
    with Load(made).running() as load:
        said = made.deploy("--rollback", "--why", "worse")
        time.sleep(3)
    assert "version 1 serves" in said
    assert "releases/1-" in made.storage()
    assert made.replicaset() != third
    assert load.failed == []
    assert load.versions["1"] > 20


def test_a_killed_predictor_fails_what_it_had_in_hand_and_loses_no_logged_row(made: Served) -> None:
    with Load(made, workers=4).running() as load:
        time.sleep(4)
        victim = made.pods()[0]
        place.kubectl(
            *("delete", "pod", victim, "-n", place.NAMESPACE, "--grace-period=0", "--force"),
            *("--wait=false",),
        )
        place.kubectl(
            *("rollout", "status", f"deployment/{NAME}-predictor", "-n", place.NAMESPACE),
            "--timeout=120s",
        )
        time.sleep(5)  # for what the gateway or the Service may still send to the killed one
    logged = made.logged()
    assert len(load.answered) > 200
    assert [one for one in load.answered if one not in logged] == []
    assert len(load.failed) <= load.workers * 2


def test_an_image_that_is_not_there_is_said_in_words_and_the_old_serves_on(made: Served) -> None:
    made.releases.release(5)
    assert "version 5 serves" in made.deploy()
    text = made.file.read_text()
    made.file.write_text(
        text.replace("pod: {", "pod: {image: registry.invalid/mdlc-serving:none, ", 1)
    )
    said = made.deploy(code=9)
    assert "the image registry.invalid/mdlc-serving:none cannot be pulled" in said
    assert "2 of the release before serve on" in said
    assert versions(made, [f"image-{number}" for number in range(50)]) == {"5": 50}
    made.file.write_text(text)
    assert "version 5 serves" in made.deploy()


def test_a_bundle_that_is_gone_is_said_in_words_and_the_old_serves_on(
    made: Served, tmp_path
) -> None:
    made.releases.release(7)
    elsewhere = tmp_path / "not-the-claim"
    elsewhere.mkdir()
    said = made.deploy("--storage-path", str(elsewhere), "--timeout", "20", code=9)
    assert "the model does not load" in said
    assert "serving.json" in said
    assert "2 of the release before serve on" in said
    assert versions(made, [f"bundle-{number}" for number in range(50)]) == {"5": 50}
    assert "version 5 serves" in made.deploy("--rollback")


def test_a_field_of_somebody_else_is_left_alone_and_said(made: Served) -> None:
    patch = '{"spec": {"predictor": {"terminationGracePeriodSeconds": 99}}}'
    place.kubectl(
        *("patch", "inferenceservice", NAME, "-n", place.NAMESPACE, "--type=merge", "-p", patch),
        "--field-manager=somebody",
    )
    said = made.deploy(code=8)
    assert "somebody manages .spec.predictor.terminationGracePeriodSeconds" in said
    made.deploy("--force")
    spec = place.get("inferenceservice", NAME)["spec"]["predictor"]
    assert spec["terminationGracePeriodSeconds"] != 99


def test_an_autoscaler_may_add_predictors(made: Served) -> None:
    """KServe makes the HPA; whether it scales needs a metrics server, which is not asked for."""
    made.write("min_replicas: 1", "max_replicas: 3", "autoscaling: {metric: cpu, target: 60}")
    made.deploy()
    spec = place.get("horizontalpodautoscaler", f"{NAME}-predictor")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 3)
    (metric,) = spec["metrics"]
    assert metric["resource"]["name"] == "cpu"
    assert metric["resource"]["target"]["averageUtilization"] == 60


def test_a_gateway_canary_is_refused_where_the_route_does_not_have_it(made: Served) -> None:
    """KServe makes the canary's predictors, but not its share: 0.20.0."""
    made.write("min_replicas: 2", "canary: gateway")
    made.releases.canary(10)
    said = made.deploy(code=8)
    assert "does not give the canary its 20 %" in said
    assert "canary" not in place.get("inferenceservice", NAME)["spec"]
    made.deploy("--rollback")
