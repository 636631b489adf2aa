"""`kubectl apply -k manifests/overlays/local` on a real cluster, and a lifecycle that lives there.

All that the manifests name runs in pods: PostgreSQL, object store, MLflow, controller, trigger,
Prometheus, Alertmanager, and predictors by KServe. Only Kubeflow Pipelines is a stand-in, on this
machine; it executes what is submitted. Needs the images on the nodes, pods that reach this machine,
and a cluster without a namespace `mdlc`: one that is there is somebody's.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from mdlc.state import object_storage as stores
from mdlc.state import remote_files
from tests import tiny
from tests.cluster.place import Object, free_volumes, gateway, kubectl, node_address
from tests.services.kfp_standin import standin

ROOT = Path(__file__).parents[2]
NAMESPACE, NAME = "mdlc", "tiny"
MINE = "mdlc.dev/test"
"""Label of a namespace that these tests made."""
DAYS, MOVES = 40, 31
"""The file's rows end today; from day 31 on nearly all buy."""
FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
FIRST -= timedelta(days=DAYS)
WORKLOADS = (
    *("statefulset/postgres", "statefulset/object-store", "statefulset/prometheus"),
    *("deployment/mlflow", "deployment/trigger", "deployment/controller"),
    "deployment/alertmanager",
)
EDITS = (
    ("split: {until: 2026-01-31,", f"split: {{until: {FIRST + timedelta(days=30):%Y-%m-%d},"),
    (
        "  retrain:\n    max_per_month: 0\n",
        """\
    canary: {ratio: 0.2, hold: 20s, min_predictions: 50, max_slowdown: 20}
    kserve:
      min_replicas: 2
      pod: {cpu: 50m, memory: 400Mi}
  cluster: {artifacts: s3://mdlc/lives, fuse: light}
  monitor:
    window: 90s
    long_window: 3m
    hold: 15s
    warm_up: 30s
    labels_within: 30s
    quality: {min_labels: 50}
    drift: {min_predictions: 50}
  retrain:
    max_per_month: 5
    cooldown: 1d
    window: 7d
    validation: 3d
    test: 5d
    when: [calibration, money, skill]
""",
    ),
    # YAML 1.1, which kubectl reads, takes a plain y for true.
    ("features: [x, y, group]", 'features: [x, "y", group]'),
)


def ours(*arguments: str, given: Object | None = None, check: bool = True) -> str:
    return kubectl("-n", NAMESPACE, *arguments, given=given, check=check)


def get(kind: str, name: str) -> Object:
    found: Object = json.loads(ours("get", kind, name, "-o", "json"))
    return found


def items(kind: str, *selector: str) -> list[Object]:
    found: list[Object] = json.loads(ours("get", kind, *selector, "-o", "json"))["items"]
    return found


def secret(name: str) -> dict[str, str]:
    data = get("secret", name)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def until(what: Callable[[], Any], *, seconds: float, say: Callable[[], str] = str) -> Any:
    """Wait until `what` returns something; a cluster that does not answer is asked again."""
    ends, found = time.monotonic() + seconds, None
    while time.monotonic() < ends:
        with contextlib.suppress(AssertionError, httpx.HTTPError, json.JSONDecodeError):
            found = what()
            if found:
                return found
        time.sleep(1)
    raise AssertionError(f"it did not come within {seconds} s; last {found!r}\n{say()}")


def somebodys() -> str:
    """Say why the overlay cannot be tried here; "" if it can."""
    found = kubectl("get", "namespace", NAMESPACE, "-o", "json", "--ignore-not-found")
    if found and MINE not in json.loads(found)["metadata"].get("labels", {}):
        return f"the cluster has a namespace {NAMESPACE} that is not the tests' own"
    return ""


@dataclass
class Local:
    """The overlay as it runs, and a lifecycle's file."""

    folder: Path
    kfp: Any
    name: str = NAME

    @property
    def file(self) -> Path:
        return self.folder / "lifecycle.yaml"

    @property
    def artifacts(self) -> str:
        return f"s3://mdlc/lives/{self.name}"

    def write(self) -> None:
        """Write the file and its rows."""
        self.folder.mkdir(exist_ok=True)
        shift = lambda day: -1.0 if day < MOVES else 4.0  # noqa: E731
        tiny.write_rows(self.folder / "rows.csv", days=DAYS, shift=shift, first=FIRST)
        tiny.write_file(self.folder, ("  name: tiny\n", f"  name: {self.name}\n"), *EDITS)

    def beside(self, name: str) -> Local:
        """Return another lifecycle of the same namespace, with a file of its own."""
        made = Local(self.folder / name, self.kfp, name)
        made.write()
        return made

    def condition(self, kind: str) -> Object:
        conditions = get("lifecycle", self.name).get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {"status": "", "reason": ""})

    def serves(self) -> str:
        """Return the version that all predictors serve, "" while it is not so."""
        status = get("lifecycle", self.name).get("status", {})
        ready = self.condition("Serving")["status"] == "True"
        return str(status["serving"]["version"]) if ready else ""

    def canary(self) -> str:
        """Return the version that is on trial in all predictors, "" if none is."""
        serving = get("lifecycle", self.name).get("status", {}).get("serving", {})
        ready = self.condition("Serving")["status"] == "True"
        return str(serving.get("canary") or "") if ready else ""

    def history(self) -> list[Object]:
        """Return the lines of the history in the object store."""
        content = remote_files.read_bytes(f"{self.artifacts}/history.jsonl")
        return [json.loads(line) for line in (content or b"").decode().splitlines()]

    def client(self) -> httpx.Client:
        """Return a client that reaches predictors through the gateway."""
        host = get("inferenceservice", self.name)["status"]["url"].partition("://")[2]
        headers = {"authorization": f"Bearer {secret('predictor')['token']}", "host": host}
        return httpx.Client(base_url=gateway(), headers=headers, timeout=20, trust_env=False)

    service_client = client

    def prometheus(self, query: str) -> list[Object]:
        """Ask the Prometheus in the cluster, through the API server."""
        path = f"/api/v1/namespaces/{NAMESPACE}/services/prometheus:9090/proxy/api/v1/query"
        answer = json.loads(kubectl("get", "--raw", f"{path}?query={quote(query)}"))
        found: list[Object] = answer["data"]["result"]
        return found

    def verdicts(self) -> list[Object]:
        """Ask the trigger in the cluster for its decisions."""
        headers = {"authorization": f"Bearer {secret('trigger')['token']}"}
        with forwarded("service/trigger", 8090) as port:
            url = f"http://localhost:{port}/v1/verdicts?model={self.name}"
            answer = httpx.get(url, headers=headers, trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        found: list[Object] = answer.json()["verdicts"]
        return found

    def runs(self) -> list[Object]:
        return [verdict for verdict in self.verdicts() if verdict["decision"] == "run"]

    def rows(self, *, moved: bool) -> list[dict[str, str]]:
        """Return the file's rows from the move on, or before it."""
        with (self.folder / "rows.csv").open() as file:
            every = list(csv.DictReader(file))
        begins = str(FIRST + timedelta(days=MOVES))
        return [row for row in every if (row["asked"] >= begins) == moved]

    def logged(self, what: str) -> set[str]:
        """Return the ids in the payload log's table `what`."""
        select = f"select id from {self.name}.{what}"
        command = ("psql", "-At", "-U", "postgres", "-d", "mdlc", "-c", select)
        return set(ours("exec", "postgres-0", "--", *command).split())

    def told(self) -> str:
        """Return what a person would look at when something does not come."""
        path = "jsonpath={.status.conditions}"
        status = ours("get", "lifecycle", self.name, "-o", path, check=False)
        pods = ours("get", "pods", check=False)
        logs = [
            ours("logs", f"deployment/{name}", "--tail=15", check=False)
            for name in ("controller", "trigger")
        ]
        return "\n".join([status[-3000:], pods, *logs])


@contextmanager
def forwarded(what: str, port: int, *, here: int = 0) -> Iterator[int]:
    """Yield a port of this machine that leads to a pod, as kubectl port-forward makes it."""
    if not here:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            here = int(probe.getsockname()[1])
    command = ["kubectl", "-n", NAMESPACE, "port-forward", what, f"{here}:{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            assert process.stdout is not None
            assert b"Forwarding from" in process.stdout.readline()
            yield here
        finally:
            process.terminate()


def overlay(folder: Path, *, pipelines: str) -> Path:
    """Write an overlay of one's own, as docs/manifests.md says; `pipelines`: their API."""
    made = folder / "overlay"
    made.mkdir()
    local = os.path.relpath(ROOT / "manifests/overlays/local", made)
    patch = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pipelines", "namespace": NAMESPACE},
        "data": {"endpoint": pipelines},
    }
    content = {"resources": [local], "patches": [{"patch": json.dumps(patch)}]}
    (made / "kustomization.yaml").write_text(json.dumps(content))
    return made


def clean() -> None:
    """Take everything away; volumes of claims that are gone can be claimed again, empty."""
    ours("delete", "lifecycles", "--all", "--wait=false", check=False)
    for one in json.loads(ours("get", "lifecycles", "-o", "json", check=False) or '{"items": []}')[
        "items"
    ]:
        free = '{"metadata":{"finalizers":null}}'
        ours("patch", "lifecycle", one["metadata"]["name"], "--type=merge", "-p", free, check=False)
    ours("delete", "inferenceservice", "--all", "--wait=true", check=False)
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true")
    kubectl("delete", "clusterservingruntime", "mdlc-onnx", "mdlc-savedmodel", "--ignore-not-found")
    kubectl("delete", "clusterstoragecontainer", "mdlc", "--ignore-not-found")
    free_volumes(NAMESPACE)


@contextmanager
def steps() -> Iterator[None]:
    """Give this process, and so the steps that the stand-in runs, what their pods would have."""
    address = get("service", "object-store")["spec"]["clusterIP"]
    password = secret("postgres-mdlc")["password"]
    with (
        forwarded("service/mlflow", 5000, here=5000),
        forwarded("pod/postgres-0", 5432) as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL", f"http://{address}:9000")
        patch.setenv("AWS_DEFAULT_REGION", get("configmap", "object-store")["data"]["region"])
        for key, value in secret("object-store").items():
            patch.setenv(key, value)
        # MLflow answers to this name and port only.
        patch.setenv("MLFLOW_TRACKING_URI", "http://localhost:5000")
        url = f"postgresql+psycopg://mdlc:{password}@127.0.0.1:{database}/mdlc"
        patch.setenv("MDLC_STORE_URL", url)
        stores.client.cache_clear()
        yield
    stores.client.cache_clear()


@contextmanager
def local(folder: Path) -> Iterator[Local]:
    """Apply the overlay, wait until all pods are ready; all is deleted in the end."""
    clean()
    with standin(folder / "kfp", host=node_address()) as kfp:
        endpoint = f"http://{node_address()}:{kfp.server_port}"
        subprocess.run([ROOT / "manifests/secrets.sh"], check=True)
        kubectl("label", "namespace", NAMESPACE, f"{MINE}=true")
        kubectl("apply", "-k", str(overlay(folder, pipelines=endpoint)))
        try:
            for workload in WORKLOADS:
                ours("rollout", "status", workload, "--timeout=240s")
            with steps():
                made = Local(folder, kfp)
                made.write()
                yield made
        finally:
            if not os.environ.get("MDLC_TEST_KEEP"):
                clean()
