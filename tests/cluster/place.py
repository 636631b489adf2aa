"""A namespace on a real cluster with what a predictor needs, and a lifecycle that is served in it.

Needs KServe in Standard mode, a default storage class, and the image of the model server on the
nodes. Variables: MDLC_TEST_NAMESPACE, MDLC_TEST_SERVING_IMAGE, MDLC_TEST_GATEWAY (its URL).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests import tiny
from tests.services import postgres
from tests.services.releases import Releases

ROOT = Path(__file__).parents[2]
NAMESPACE = os.environ.get("MDLC_TEST_NAMESPACE", "mdlc-kserve")
IMAGE = os.environ.get("MDLC_TEST_SERVING_IMAGE", "docker.io/library/mdlc-serving:0.1.0")
TOKEN = "s3cret"
NAME = "flights"
V1, V2 = f"/v1/models/{NAME}:predict", f"/v2/models/{NAME}/infer"
ROW = {"x0": 1.0, "carrier": "AA"}
Object = dict[str, Any]


def kubectl(*arguments: str, given: Object | None = None, check: bool = True) -> str:
    done = subprocess.run(
        ["kubectl", *arguments],
        capture_output=True,
        text=True,
        check=False,
        input=json.dumps(given) if given else None,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


def get(kind: str, name: str) -> Object:
    found: Object = json.loads(kubectl("get", kind, name, "-n", NAMESPACE, "-o", "json"))
    return found


def unreachable() -> str:
    """Say why nothing can be tried on a cluster; "" if it can."""
    if not os.environ.get("KUBECONFIG"):
        return "KUBECONFIG names no cluster"
    try:
        kubectl("get", "crd", "inferenceservices.serving.kserve.io", "--request-timeout=5s")
    except (FileNotFoundError, AssertionError) as error:
        return f"no cluster with KServe answers: {str(error).strip()[:200]}"
    return postgres.missing()


def node_address() -> str:
    nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    found = [a["address"] for a in nodes[0]["status"]["addresses"] if a["type"] == "InternalIP"]
    return str(found[0])


def gateway() -> str:
    return os.environ.get("MDLC_TEST_GATEWAY", f"http://{node_address()}")


@dataclass
class PodsPostgres(postgres.Server):
    """PostgreSQL that pods reach: it listens at this machine's address too."""

    def make(self) -> None:
        super().make()
        with (self.folder / "data" / "pg_hba.conf").open("a") as file:
            file.write("host all all 0.0.0.0/0 trust\n")

    def start(self) -> None:
        settings = postgres.SETTINGS.replace("127.0.0.1", "*")
        options = f"{settings} -p {self.port} -k {self.folder}"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", log, "-o", options, "start")


@contextmanager
def payload_log() -> Iterator[PodsPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="mdlc-cluster-postgres-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, postgres.USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = PodsPostgres(folder, int(probe.getsockname()[1]))
    try:
        made.make()
        made.start()
        yield made
    finally:
        with contextlib.suppress(AssertionError):
            made.stop()


def runtime() -> Object:
    """Return manifests' runtime as one of our namespace, with the image that is here."""
    text = (ROOT / "manifests/base/serving/runtime-onnx.yaml").read_text()
    made: Object = yaml.safe_load(text)
    made["kind"] = "ServingRuntime"
    made["metadata"] = {"name": made["metadata"]["name"], "namespace": NAMESPACE}
    container = made["spec"]["containers"][0]
    container["image"] = IMAGE
    container["imagePullPolicy"] = "IfNotPresent"
    return made


def objects(port: int) -> list[Object]:
    def one(kind: str, name: str, **fields: Any) -> Object:
        meta = {"name": name, "namespace": NAMESPACE}
        return {"apiVersion": "v1", "kind": kind, "metadata": meta, **fields}

    claim = {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": level},
        },
        one("ServiceAccount", "predictor", automountServiceAccountToken=False),
        one("Secret", "predictor", stringData={"token": TOKEN}),
        one(
            "Secret",
            "postgres-mdlc",
            stringData={"username": postgres.USER, "password": "not-asked-for"},
        ),
        one(
            "ConfigMap",
            "postgres",
            data={"host": node_address(), "port": str(port), "sslmode": "disable"},
        ),
        one("PersistentVolumeClaim", "releases", spec=claim),
        runtime(),
    ]


def free_volumes(namespace: str = NAMESPACE) -> None:
    """Let volumes that our deleted claims leave be claimed again (reclaim policy Retain), empty."""
    for volume in json.loads(kubectl("get", "pv", "-o", "json"))["items"]:
        claim = volume["spec"].get("claimRef", {})
        if claim.get("namespace") == namespace and volume["status"]["phase"] == "Released":
            _empty(Path(volume["spec"].get("hostPath", {}).get("path", "/nowhere")))
            patch = json.dumps({"spec": {"claimRef": None}})
            kubectl("patch", "pv", volume["metadata"]["name"], "-p", patch)


def _empty(folder: Path) -> None:
    """Empty a folder of this machine, where the node is this machine."""
    for one in folder.iterdir() if folder.is_dir() else ():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


@dataclass
class Served:
    """A lifecycle in its workspace, and the namespace where it is served."""

    releases: Releases
    log: PodsPostgres
    folder: str
    """Of this run in the claim: volumes outlive their claims."""
    edits: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.releases.workspace.root / "lifecycle.yaml"

    def write(self, *lines: str) -> None:
        """Write the file; `lines` go below deploy.kserve."""
        own = [f"releases: pvc://releases/{self.folder}", *lines]
        if not any(line.startswith("pod:") for line in lines):
            own.append("pod: {cpu: 50m, memory: 400Mi}")
        text = "".join(f"      {line}\n" for line in own)
        old = "  deploy:\n    promote: {confidence: 0.6}\n"
        tiny.write_file(
            self.file.parent,
            ("  name: tiny\n", f"  name: {NAME}\n"),
            (old, f"{old}    kserve:\n{text}"),
        )

    def deploy(self, *options: str, code: int = 0) -> str:
        """Run the real mdlc deploy; return what it printed, standard error first."""
        done = subprocess.run(
            tiny.command("deploy", self.file, "-n", NAMESPACE, *options),
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
            env=tiny.environment(),
        )
        assert done.returncode == code, f"{done.returncode}: {done.stderr}{done.stdout}"
        return done.stderr + done.stdout

    def client(self) -> httpx.Client:
        """Return a client that reaches predictors through the gateway."""
        host = get("inferenceservice", NAME)["status"]["url"].partition("://")[2]
        headers = {"authorization": f"Bearer {TOKEN}", "host": host}
        return httpx.Client(base_url=gateway(), headers=headers, timeout=20, trust_env=False)

    def service_client(self) -> httpx.Client:
        """Return a client that reaches predictors through their Service."""
        spec = get("service", f"{NAME}-predictor")["spec"]
        base = f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}"
        # A connection a request: one that is held open is closed under a client's hands when its
        # predictor ends, and a request on its way then is the client's to send again.
        headers = {"authorization": f"Bearer {TOKEN}", "connection": "close"}
        return httpx.Client(base_url=base, headers=headers, timeout=20, trust_env=False)

    def storage(self) -> str:
        return str(get("inferenceservice", NAME)["spec"]["predictor"]["model"]["storageUri"])

    def replicaset(self) -> str:
        """Return the name of the ReplicaSet whose pods serve."""
        listed = json.loads(kubectl("get", "replicasets", "-n", NAMESPACE, "-o", "json"))
        used = [one for one in listed["items"] if one["spec"]["replicas"]]
        assert len(used) == 1, used
        return str(used[0]["metadata"]["name"])

    def logged(self) -> set[str]:
        """Return the ids in the payload log."""
        import sqlalchemy as sa

        engine = sa.create_engine(self.log.url("mdlc"))
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"select id from {NAME}.predictions"))
            return {row[0] for row in rows}

    def pods(self) -> list[str]:
        label = f"serving.kserve.io/inferenceservice={NAME}"
        listed = kubectl("get", "pods", "-n", NAMESPACE, "-l", label, "-o", "json")
        return [pod["metadata"]["name"] for pod in json.loads(listed)["items"]]


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Make namespace and lifecycle with version 1 released; all is deleted in the end."""
    with payload_log() as log:
        log.create("mdlc")
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true")
        free_volumes()
        for item in objects(log.port):
            kubectl("apply", "--server-side", "-f", "-", given=item)
        from tests.services.releases import first_release

        made = Served(first_release(folder), log, f"run-{secrets.token_hex(4)}")
        made.write()
        try:
            yield made
        finally:
            if not os.environ.get("MDLC_TEST_KEEP"):
                kubectl("delete", "inferenceservice", "--all", "-n", NAMESPACE, "--wait=true")
                kubectl("delete", "namespace", NAMESPACE, "--wait=true")
                free_volumes()


@dataclass
class Load:
    """Clients that ask all the time; every answer and failure is counted."""

    made: Served
    workers: int = 3
    gateway: bool = True
    answered: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[Load]:
        threads = [threading.Thread(target=self._ask) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask(self) -> None:
        client = self.made.client() if self.gateway else self.made.service_client()
        with client:
            while not self._stop.is_set():
                identifier = secrets.token_hex(8)
                body = {"instances": [ROW], "ids": [identifier]}
                try:
                    answer = client.post(V1, json=body)
                except httpx.HTTPError as error:
                    self.failed.append((identifier, f"{type(error).__name__}: {error}"))
                    continue
                if answer.status_code == 200:
                    version = answer.json()["model_version"]
                    self.versions[version] = self.versions.get(version, 0) + 1
                    self.answered.append(identifier)
                else:
                    self.failed.append((identifier, f"{answer.status_code}: {answer.text[:100]}"))
                time.sleep(0.01)
