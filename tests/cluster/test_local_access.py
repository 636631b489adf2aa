"""In the local overlay: each account may do what it needs, and is denied all else. By requests."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator

import httpx
import pytest

from tests.cluster.local import NAMESPACE, Local, items, ours
from tests.cluster.place import kubectl

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
MINE = f"/api/v1/namespaces/{NAMESPACE}"
LIVES = f"/apis/mdlc.dev/v1alpha1/namespaces/{NAMESPACE}/lifecycles"
SERVED = f"/apis/serving.kserve.io/v1beta1/namespaces/{NAMESPACE}/inferenceservices"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
ASKED = {
    "read Secrets": ("GET", f"{MINE}/secrets"),
    "read the Secret postgres-mdlc": ("GET", f"{MINE}/secrets/postgres-mdlc"),
    "read Secrets of the cluster": ("GET", "/api/v1/secrets"),
    "read pods": ("GET", f"{MINE}/pods"),
    "read pods of another namespace": ("GET", "/api/v1/namespaces/kube-system/pods"),
    "make pods": ("POST", f"{MINE}/pods"),
    "run a command in a pod": ("POST", f"{MINE}/pods/postgres-0/exec?command=id"),
    "make Deployments": ("POST", DEPLOYMENTS),
    "delete Deployments": ("DELETE", f"{DEPLOYMENTS}/trigger"),
    "make RoleBindings": (
        "POST",
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings",
    ),
    "read nodes": ("GET", "/api/v1/nodes"),
    "read lifecycles": ("GET", LIVES),
    "delete lifecycles": ("DELETE", f"{LIVES}/none"),
    "read an InferenceService": ("GET", f"{SERVED}/none"),
    "delete an InferenceService": ("DELETE", f"{SERVED}/none"),
    "make tokens": ("POST", f"{MINE}/serviceaccounts/controller/token"),
}
MAY = {
    "controller": {
        *("read pods", "read lifecycles"),
        *("read an InferenceService", "delete an InferenceService"),
    },
    "prometheus": {"read pods"},
}
"""All that is not here is denied; an account that is not here may do nothing of it."""


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    """A client of the API server that is nobody yet."""
    view = ("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
    cluster = json.loads(kubectl(*view))["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with httpx.Client(base_url=cluster["server"], verify=context, trust_env=False) as client:
        yield client


def accounts() -> set[str]:
    return {one["metadata"]["name"] for one in items("serviceaccounts")}


def answers(api: httpx.Client, token: str) -> dict[str, int]:
    headers = {"authorization": f"Bearer {token}"}
    return {
        what: api.request(
            method, path, headers=headers, json={} if method == "POST" else None
        ).status_code
        for what, (method, path) in ASKED.items()
    }


def test_every_account_is_denied_what_it_does_not_need(life: Local, api: httpx.Client) -> None:
    known = accounts()
    assert {"controller", "trigger", "predictor", "steps", "store", "prometheus"} <= known
    for account in sorted(known):
        token = ours("create", "token", account).strip()
        found = answers(api, token)
        allowed = {what for what, status in found.items() if status != 403}
        assert allowed == MAY.get(account, set()), (account, found)


def test_without_a_token_nothing_is_answered(life: Local, api: httpx.Client) -> None:
    assert set(answers(api, "none").values()) == {401}


def test_the_triggers_own_token_is_good_for_nothing_at_the_api_server(life: Local) -> None:
    """It is for Kubeflow Pipelines: of another audience. Tried from inside of the pod."""
    program = (
        "import http.client, os, ssl; "
        "token = open('/var/run/secrets/kubeflow/pipelines/token').read(); "
        "host = os.environ.get('KUBERNETES_SERVICE_HOST', 'kubernetes.default.svc'); "
        "c = http.client.HTTPSConnection(host, context=ssl._create_unverified_context()); "
        f"c.request('GET', '{MINE}/pods', headers={{'authorization': 'Bearer ' + token}}); "
        "print(c.getresponse().status)"
    )
    assert ours("exec", "deployment/trigger", "--", "python", "-c", program).strip() == "401"


@pytest.mark.parametrize("workload", ["deployment/trigger", "deployment/controller"])
def test_a_pod_can_write_nowhere_but_where_it_was_told(life: Local, workload: str) -> None:
    program = (
        "import os, pathlib\n"
        "for place in ('/', '/opt/mdlc', '/etc', '/tmp'):\n"
        "    try:\n"
        "        pathlib.Path(place, 'written').write_text('')\n"
        "        print(place)\n"
        "    except OSError:\n"
        "        pass\n"
        "print(os.getuid())\n"
    )
    said = ours("exec", workload, "--", "python", "-c", program).split()
    assert said == ["/tmp", "65532"]  # noqa: S108 - the one volume
