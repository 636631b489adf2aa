"""A real Prometheus that a real predictor has filled: labels, drift, a canary, a new version.

A tiny lifecycle is trained twice, on calm rows and on rows that moved. The first model serves and
the rows begin to move; the second one takes a share of the predictions, then all; at the end the
first one is on trial again, and the rows move once more, so that alerts stand. Clients err all the
while. Windows are seconds, so that all of a life is there after a minute.

The trigger is real too, and so are ledger and history; only the two retrainings are not run, their
ends are told to the ledger: their models are there already.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np

from mdlc.core.files import digest_path, read_document, write_document
from mdlc.core.spec import Lifecycle, load
from mdlc.monitoring.version_history import History
from mdlc.retraining.ledger import Ledger
from mdlc.state.release_documents import CanaryRelease, Pointer
from mdlc.state.workspace import Workspace, workspace_of
from tests import tiny
from tests.services.prometheus import Prometheus, prometheus, wait
from tests.services.triggered import Trigger, alert

Task = Literal["classification", "regression"]
TOKEN = "s3cret"
NAME = "shop"
ROWS = 15
"""In one request."""
FILE = """\
apiVersion: mdlc.dev/v1alpha1
kind: Lifecycle
metadata:
  name: shop
spec:
  business:
    currency: EUR
    payoff: PAYOFF
  data:
    sources:
      rows:
        csv: rows.csv
    table: {key: [id], time: asked, label_time: known}
    target: answer
    features: [price, visits, age, basket, country, device]
    identifiers: [id]
    known_later: [known]
  model:
    candidates: [CANDIDATE]
    tuning: {trials: 1, seconds: 20}
    split: {validation: 4d, test: 5d}
    bootstrap: 100
  deploy:
    promote: {confidence: 0.6}
    canary: {ratio: 0.3, hold: 5s, min_predictions: 50}
  monitor:
    window: 20s
    long_window: 60s
    scrape: 1s
    hold: 3s
    warm_up: 5s
    labels_within: 4s
    drift: {min_predictions: 200}
    quality: {min_labels: 100QUALITY}
    objectives: {latency_seconds: 0.025}
  retrain:
    cooldown: 1s
    max_per_month: 4
    money_per_month: 100
    cost_per_run: 20
"""
PARTS: dict[Task, dict[str, str]] = {
    "classification": {
        "PAYOFF": "{actions: {offer: {buys: 2.0, leaves: -1.0}, wait: {buys: 0, leaves: 0}}}",
        "CANDIDATE": "logistic",
        "QUALITY": ", min_accuracy: 0.7",
    },
    "regression": {
        "PAYOFF": "{under: -1.0, over: -1.0, base: 2.0}",
        "CANDIDATE": "linear",
        "QUALITY": "",
    },
}


@dataclass
class Filled:
    """What was filled."""

    lifecycle: Lifecycle
    prometheus: Prometheus
    start: float
    end: float


@dataclass
class World:
    """Rows and their truth; `moved` is 0 as in the first training, 1 as in the second."""

    task: Task
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    def rows(self, number: int, *, moved: float) -> tuple[list[dict[str, Any]], list[Any]]:
        """Return features of `number` rows, and their labels."""
        random = self.random
        price = random.normal(size=number) + 0.8 * moved
        visits = random.normal(size=number) - 0.3 * moved
        noise = random.normal(size=(3, number))
        share = 0.5 + 0.35 * np.tanh(moved)
        country = np.where(random.random(number) < share, "fr", "de")
        device = np.where(random.random(number) < 0.4, "phone", "desk")
        line = 2 * (price + visits) - 1 - 2.5 * moved
        if self.task == "classification":
            labels = np.where(random.random(number) < 1 / (1 + np.exp(-line)), "buys", "leaves")
        else:
            labels = line + noise[0]
        rows = [
            {
                "price": round(float(price[at]), 4),
                "visits": round(float(visits[at]), 4),
                "age": round(40 + 10 * float(noise[2, at]), 1),
                "basket": round(float(np.exp(noise[1, at] + 0.2 * moved)), 2),
                "country": str(country[at]),
                "device": str(device[at]),
            }
            for at in range(number)
        ]
        return rows, labels.tolist()

    def write(self, path: Path, *, moved: float, days: int = 20, each: int = 150) -> None:
        """Write a CSV to train on."""
        rows, labels = self.rows(days * each, moved=moved)
        first = datetime(2026, 1, 1)
        with path.open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["id", "asked", "known", "answer", *rows[0]])
            for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
                asked = first + timedelta(days=number // each, seconds=number % each)
                known = asked + timedelta(hours=6)
                out.writerow([number, asked, known, label, *row.values()])


def train(folder: Path, *, task: Task, moved: float) -> tuple[Path, Path]:
    """Run the real training in `folder`; return the file and the pointer that it wrote."""
    folder.mkdir(parents=True)
    world = World(task)
    world.write(folder / "rows.csv", moved=moved)
    text = FILE
    for old, new in PARTS[task].items():
        text = text.replace(old, new)
    file = folder / "lifecycle.yaml"
    file.write_text(text)
    done = tiny.mdlc("run", file, MDLC_HOME=str(folder / "home"))
    assert done.returncode == 0, done.stderr + done.stdout
    return file, folder / "home" / NAME / "serving.json"


class Server:
    """The real predictor, as a process."""

    def __init__(self, folder: Path) -> None:
        self.pointer = folder / "serving.json"
        self._log = folder / "server.log"
        command = [sys.executable, "-m", "mdlc.serving.model_server", "--port", "0"]
        command += ["--poll-seconds", "0.5", "--currency", "EUR", "--max-bytes", "100000"]
        command += ["--pointer", str(self.pointer), "--store", f"sqlite:///{folder}/payload.db"]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command, stderr=log, env={**os.environ, "MDLC_TOKEN": TOKEN}
            )

    def address(self) -> str:
        """Return host:port once it serves."""

        def told() -> str:
            assert self.process.poll() is None, self._log.read_text()
            for line in self._log.read_text().splitlines():
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "serving":
                    return f"{event['host']}:{event['port']}"
            return ""

        return str(wait(told, seconds=90))

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        self.process.kill()


def _beside(pointer: Path, bundle: Path) -> str:
    """Copy a bundle below the pointer's folder, where a pointer may lead; return where it lies."""
    name = f"bundles/{digest_path(bundle)[:12]}"
    shutil.copytree(bundle, pointer.parent / name, dirs_exist_ok=True)
    return name


def point(pointer: Path, *, bundle: Pointer, root: Path, version: str) -> None:
    """Let `version` serve from now on."""
    moved = bundle.model_copy(
        update={
            "version": version,
            "bundle": _beside(pointer, root / bundle.bundle),
            "since": datetime.now(UTC),
        }
    )
    write_document(pointer, moved)


def put_on_trial(pointer: Path, *, bundle: Pointer, root: Path, version: str) -> None:
    """Let `version` answer a share."""
    trial = CanaryRelease(
        version=version,
        bundle=_beside(pointer, root / bundle.bundle),
        digest=bundle.digest,
        since=datetime.now(UTC),
        promised=bundle.promised,
        ratio=0.3,
        why="it earns more",
    )
    champion = read_document(pointer, Pointer)
    write_document(pointer, champion.model_copy(update={"canary": trial}))


class Clients:
    """Those who ask, send labels, and err."""

    def __init__(self, address: str, *, task: Task) -> None:
        self._http = httpx.Client(base_url=f"http://{address}", timeout=30, trust_env=False)
        self._key = {"authorization": f"Bearer {TOKEN}"}
        self._world = World(task, np.random.default_rng(11))
        self._due: deque[tuple[float, dict[str, Any]]] = deque()
        self._asked = 0
        self.moved = 0.0
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._done = self._pool.submit(self._go)

    def stop(self) -> None:
        """End, and raise what went wrong."""
        self._over.set()
        self._done.result()
        self._pool.shutdown()
        self._http.close()

    def _post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self._http.post(path, json=body, headers={**self._key, **headers})

    def _go(self) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            self._ask()
            self._label()
            if turn % 8 == 0:
                self._err()
            time.sleep(0.04)

    def _ask(self) -> None:
        rows, labels = self._world.rows(ROWS, moved=self.moved)
        for at, row in enumerate(rows):
            if (self._asked + at) % 40 == 0:
                row["basket"] = None
            if (self._asked + at) % 50 == 0:
                row["country"] = "xx"
        ids = [f"r{self._asked + at}" for at in range(len(rows))]
        self._asked += len(rows)
        answer = self._post(f"/v1/models/{NAME}:predict", {"instances": rows, "ids": ids})
        assert answer.status_code == 200, answer.text
        when = time.monotonic() + 1
        pairs = zip(ids, labels, strict=True)
        self._due.extend((when, {"id": one, "label": label}) for one, label in pairs)

    def _label(self) -> None:
        sent = []
        while self._due and self._due[0][0] < time.monotonic():
            sent.append(self._due.popleft()[1])
        if sent:
            answer = self._post(f"/v1/models/{NAME}:feedback", {"labels": sent})
            assert answer.status_code == 200, answer.text

    def _err(self) -> None:
        """Send what the server refuses."""
        self._post(f"/v1/models/{NAME}:predict", {"instances": [{"price": "dear"}]})
        self._post(f"/v1/models/{NAME}:predict", {}, authorization="Bearer wrong")
        self._post(f"/v1/models/{NAME}:feedback", {"labels": [{"id": "nobody", "label": "buys"}]})


class Loop:
    """The real trigger, asked by alerts and strangers, and the ledger behind it."""

    def __init__(self, file: Path, *, home: Path, lifecycle: Lifecycle) -> None:
        self.workspace: Workspace = workspace_of(lifecycle, file=file, home=home)
        self.ledger = Ledger(
            self.workspace.ledger, retrain=lifecycle.spec.retrain, model=lifecycle.name
        )
        arguments = (file, "--home", home, "--token-env", "MDLC_TRIGGER_TOKEN")
        self.trigger = Trigger(*arguments, MDLC_TRIGGER_TOKEN=TOKEN)
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._done = self._pool.submit(self._go)

    def _go(self) -> None:
        body = alert(reason="drift", model=NAME)
        with self.trigger.client() as client:
            while not self._over.wait(1):
                for token in (TOKEN, "wrong"):
                    headers = {"authorization": f"Bearer {token}"}
                    client.post("/v1/alerts", json=body, headers=headers)

    def begin(self) -> str:
        """Decide to retrain; return the run's id."""
        lease = timedelta(hours=1)
        told: dict[str, Any] = {"reasons": ["money"], "evidence": {}, "new_labels": 5000}
        verdict = self.ledger.decide(time=datetime.now(UTC), owner="fill", lease=lease, **told)
        assert verdict.decision == "run", verdict
        claimed = self.ledger.claim("fill", datetime.now(UTC), lease=lease)
        assert claimed is not None
        return claimed.id

    def end(self, run: str, *, outcome: Literal["failed", "promoted"], version: str = "") -> None:
        """Say how a run ended."""
        now = datetime.now(UTC)
        self.ledger.finish(run, time=now, outcome=outcome, detail=outcome, version=version)

    def promote(self, bundle: Pointer, *, version: str) -> None:
        """Note in the history what serves now."""
        History(self.workspace.history).append(
            time=datetime.now(UTC),
            version=version,
            digest=bundle.digest,
            candidate="logistic",
            replaced="1",
            why="it earns more",
            money_per_decision=bundle.promised,
        )

    def stop(self) -> None:
        """End it, and raise what went wrong."""
        self._over.set()
        try:
            self._done.result()
        finally:
            self._pool.shutdown()
            self.trigger.__exit__()


def config(*, predictor: str, trigger: str) -> dict[str, Any]:
    """Return the configuration of a Prometheus that looks every second."""
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [
            {
                "job_name": "mdlc-predictor",
                "honor_labels": True,
                "static_configs": [{"targets": [predictor], "labels": {"model": NAME}}],
            },
            {"job_name": "mdlc-trigger", "static_configs": [{"targets": [trigger]}]},
        ],
    }


@contextlib.contextmanager
def filled(folder: Path, *, task: Task = "classification", seconds: float = 60) -> Iterator[Filled]:
    """Live `seconds` of a life, and hand out Prometheus while it still goes on."""
    from mdlc.monitoring.rules.rule_file import rule_file

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(
            lambda moved: train(folder / f"moved-{moved}", task=task, moved=moved), (0, 1)
        )
    lifecycle = load(first[0])
    models = [(read_document(made[1], Pointer), made[1].parent) for made in (first, second)]
    (calm, calm_root), (new, new_root) = models
    pointer = folder / "serving.json"
    point(pointer, bundle=calm, root=calm_root, version="1")
    with contextlib.ExitStack() as stack:
        server = Server(folder)
        stack.callback(server.stop)
        address = server.address()
        loop = Loop(first[0], home=first[0].parent / "home", lifecycle=lifecycle)
        stack.callback(loop.stop)
        began = time.time()
        targets = config(predictor=address, trigger=f"127.0.0.1:{loop.trigger.port}")
        rules = [rule_file(lifecycle)]
        watching = stack.enter_context(prometheus(targets, rules, folder=folder / "prometheus"))
        clients = Clients(address, task=task)
        stack.callback(clients.stop)
        part = seconds / 10
        time.sleep(3 * part)
        clients.moved = 1.0
        time.sleep(part)
        loop.end(loop.begin(), outcome="failed")
        time.sleep(max(part, 1.5))  # the cooldown
        run = loop.begin()
        time.sleep(part)
        put_on_trial(pointer, bundle=new, root=new_root, version="2")
        time.sleep(part)
        point(pointer, bundle=new, root=new_root, version="2")
        loop.end(run, outcome="promoted", version="2")
        loop.promote(new, version="2")
        time.sleep(part)
        clients.moved = 1.7
        put_on_trial(pointer, bundle=calm, root=calm_root, version="3")
        time.sleep(2 * part)
        yield Filled(lifecycle, watching, began, time.time())
