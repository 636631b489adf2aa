"""On a real cluster: why a predictor is not ready is said in words, and the old one serves on."""

from __future__ import annotations

import json

import pytest

from tests.cluster import place
from tests.cluster.place import NAMESPACE, Served

pytestmark = pytest.mark.cluster
CASES = {
    "runtime": ("runtime: nobodys", "KServe has no such runtime"),
    "gpu": ("pod: {cpu: 50m, memory: 400Mi, gpu: 1}", "no node has a free nvidia.com/gpu"),
    "cpu": ("pod: {cpu: '900', cpu_limit: '900', memory: 400Mi}", "no node has enough free cpu"),
    "node": ("pod: {cpu: 50m, node_selector: {disk: none}}", "no node is allowed"),
    "secret": ("token_secret: nobodys", 'secret "nobodys" not found'),
    "account": ("service_account: nobody", "there is no service account nobody"),
    "memory": ("pod: {cpu: 50m, memory: 40Mi}", "it needs more memory than its limit"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if why := place.unreachable():
        pytest.skip(why)
    with place.served(tmp_path_factory.mktemp("words")) as served:
        served.deploy()
        yield served


@pytest.mark.parametrize(("line", "words"), CASES.values(), ids=list(CASES))
def test_why_it_is_not_ready(made: Served, line: str, words: str) -> None:
    made.write(line)
    said = made.deploy("--timeout", "15", code=9)
    assert words in said
    assert "1 of the release before serve on" in said or line.startswith("runtime")


def test_a_quota_without_room(made: Served) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": NAMESPACE},
        "spec": {"hard": {"requests.cpu": "200m"}},
    }
    place.kubectl("apply", "-f", "-", given=json.loads(json.dumps(quota)))
    made.write("pod: {cpu: 500m, memory: 400Mi}")
    said = made.deploy("--timeout", "15", code=9)
    assert "the quota small has no room: requests.cpu=500m is asked" in said
