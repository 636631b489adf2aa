"""The model server on loopback, beside the least server that could answer and beside the model."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import common
import numpy as np
import orjson

REPEATS = 5
REQUESTS = {1: 100, 50: 40, 1000: 6}
"""Rows of a request -> requests in a repeat."""
NAME = "flight-delays"


@dataclass(frozen=True)
class Case:
    """Requests of one size: the body, and the rows as the model reads them."""

    rows: int
    body: bytes
    feed: dict[str, Any]


def measure(repeats: int) -> common.Result:
    """Send the same bodies to both servers in turn, one at a time over one connection."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = _copy(Path(folder))
        bundle = next((workspace.folder / "models").iterdir())
        cases = _cases(bundle)
        taken: dict[tuple[str, int], list[list[float]]] = {}
        with _ours(workspace) as ours, _peer(bundle, log=workspace.folder / "peer.log") as peer:
            _same_scores(ours, peer, case=cases[1])
            targets = {"mdlc": (ours, f"/v1/models/{NAME}:predict"), "peer": (peer, "/predict")}
            for repeat in range(repeats + 1):
                for case in cases:
                    for who, (client, path) in targets.items():
                        times = _send(client, path, case=case)
                        if repeat:
                            taken.setdefault((who, case.rows), []).append(times)
        model = {case.rows: _bare(bundle, case=case, repeats=repeats) for case in cases}
        result = common.Result("serving", "V1 requests of example 01's model on loopback")
        for case in cases:
            _lines(result, case.rows, taken=taken, bare=model[case.rows])
        for case in cases[1:]:
            _parts(result, workspace, case=case, repeats=repeats)
        for case in cases:
            _counting(result, workspace, case=case, repeats=repeats)
    result.notes += [
        "One client, one connection, the next request after the answer; client and server share",
        "the cores. req/s counts the client's time too (http.client, bodies made before).",
        "Bare model: onnxruntime on arrays that are ready, one thread, as both servers have.",
        "Peer: FastAPI + onnxruntime + the same cleaning; it checks, logs and counts nothing.",
        "Parts are timed in process, without HTTP: log is one SQLite transaction a request.",
        "Without counts: the same request in turn with the one before, less Metrics.count.",
    ]
    return result


def _lines(
    result: common.Result,
    rows: int,
    *,
    taken: dict[tuple[str, int], list[list[float]]],
    bare: list[float],
) -> None:
    label = f"{rows} row{'s' if rows > 1 else ''}"
    result.add(f"{label}: bare model", bare, unit="ms")
    for who in ("peer", "mdlc"):
        runs = taken[who, rows]
        against = {"peer": f"{label}: bare model", "mdlc": f"{label}: peer, p50"}[who]
        median = [float(np.percentile(run, 50)) * 1e3 for run in runs]
        result.add(f"{label}: {who}, p50", median, unit="ms", against=against)
    runs = taken["mdlc", rows]
    for share in (95, 99):
        high = [float(np.percentile(run, share)) * 1e3 for run in runs]
        result.add(f"{label}: mdlc, p{share}", high, unit="ms")
    result.add(f"{label}: mdlc, requests", [len(run) / sum(run) for run in runs], unit="/s")
    each = [float(np.percentile(run, 50)) * 1e6 / rows for run in runs]
    result.add(f"{label}: mdlc, a row", each, unit="us")


def _copy(home: Path) -> Any:
    """Return a workspace with the model that serves and an empty payload log."""
    from mdlc.core.spec import load
    from mdlc.state.workspace import workspace_of

    lifecycle = load(common.FLIGHTS)
    source = workspace_of(lifecycle, file=common.FLIGHTS, home=common.flights_home())
    workspace = workspace_of(lifecycle, file=common.FLIGHTS, home=home)
    shutil.copytree(source.folder / "models", workspace.folder / "models")
    shutil.copy(source.pointer, workspace.pointer)
    return workspace


def _cases(bundle: Path) -> list[Case]:
    from mdlc.core import cleaning
    from mdlc.core.bundle import open_bundle
    from mdlc.core.files import read_document
    from mdlc.life.train import TrainingArtifacts
    from mdlc.replay.row_stream import read_stream

    results = read_document(common.flights_home() / NAME / "results.json", TrainingArtifacts)
    stream = read_stream(results.folder("preparation"), begin=None, end=None)
    manifest, _ = open_bundle(bundle)
    cases = []
    for rows in REQUESTS:
        chosen = slice(0, rows)
        body = orjson.dumps({"instances": stream.instances(chosen)})
        raw = {feature.name: stream.batch[feature.name][chosen] for feature in manifest.features}
        cleaned = cleaning.apply(manifest.cleaning, raw)
        cases.append(Case(rows, body, {name: column[:, None] for name, column in cleaned.items()}))
    return cases


@contextlib.contextmanager
def _ours(workspace: Any) -> Iterator[http.client.HTTPConnection]:
    from mdlc.core.spec import load
    from mdlc.life.server_process import serving

    log = workspace.folder / "serve.log"
    with serving(load(common.FLIGHTS), workspace=workspace, log=log, request_clock=False) as client:
        yield http.client.HTTPConnection("127.0.0.1", client.base_url.port or 0)


@contextlib.contextmanager
def _peer(bundle: Path, *, log: Path) -> Iterator[http.client.HTTPConnection]:
    from mdlc.life.server_process import free_port

    port = free_port()
    script = Path(__file__).with_name("peer_server.py")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(script), str(bundle), str(port)], stdout=output, stderr=output
        )
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(300):
            with contextlib.suppress(OSError):
                connection.connect()
                break
            time.sleep(0.1)
        yield connection
    finally:
        process.terminate()
        process.wait()


def _post(client: http.client.HTTPConnection, path: str, *, body: bytes) -> bytes:
    client.request("POST", path, body=body, headers={"content-type": "application/json"})
    response = client.getresponse()
    answer = response.read()
    if response.status != 200:
        raise SystemExit(f"{path}: {response.status} {answer[:300]!r}")
    return answer


def _send(client: http.client.HTTPConnection, path: str, *, case: Case) -> list[float]:
    return [
        common.timed(lambda: _post(client, path, body=case.body))
        for _ in range(REQUESTS[case.rows])
    ]


def _same_scores(
    ours: http.client.HTTPConnection, peer: http.client.HTTPConnection, *, case: Case
) -> None:
    """Make sure that both servers answer the same thing."""
    mine = orjson.loads(_post(ours, f"/v1/models/{NAME}:predict", body=case.body))["predictions"]
    theirs = orjson.loads(_post(peer, "/predict", body=case.body))["scores"]
    np.testing.assert_allclose([[*p["scores"].values()] for p in mine], theirs, atol=1e-5)


def _bare(bundle: Path, *, case: Case, repeats: int) -> list[float]:
    """Return the milliseconds of the model alone, the median of each repeat."""
    import onnxruntime

    from mdlc.core.bundle import ONNX

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(bundle / ONNX), sess_options=options, providers=["CPUExecutionProvider"]
    )
    feed = {item.name: case.feed[item.name] for item in session.get_inputs()}
    session.run(["scores"], feed)
    medians = []
    for _ in range(repeats):
        times = [
            common.timed(lambda: session.run(["scores"], feed)) for _ in range(REQUESTS[case.rows])
        ]
        medians.append(float(np.median(times)) * 1e3)
    return medians


def _parts(result: common.Result, workspace: Any, *, case: Case, repeats: int) -> None:
    """Time what the server does with a request, part by part, in this process."""
    from datetime import datetime

    from mdlc.core.spec.deploy import Serving
    from mdlc.serving import payload_log, predictor_app
    from mdlc.serving.predictor import predictions

    service = predictor_app.open_service(
        workspace.pointer,
        store=f"sqlite:///{place.folder / f'parts-{case.rows}.db'}",
        serving=Serving(),
        request_clock=False,
        currency="USD",
    )
    loaded, classes = service.predictor.loaded, service.predictor.loaded.scorer.classes
    names = ("parse", "score", "log", "count", "answer")
    parts: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        each = np.zeros((REQUESTS[case.rows], len(names) + 1))
        for stamps in each:
            stamps[0] = time.perf_counter()
            rows = loaded.reader.v1(orjson.loads(case.body))
            stamps[1] = time.perf_counter()
            answers = loaded.scorer.answer(rows.batch)
            stamps[2] = time.perf_counter()
            at = datetime(2025, 1, 1)  # the log has no zones
            service.store.add(
                payload_log.records(
                    rows, at=at, version=loaded.version, answers=answers, classes=classes
                )
            )
            stamps[3] = time.perf_counter()
            service.metrics.count(loaded, batch=rows.batch, answers=answers)
            stamps[4] = time.perf_counter()
            orjson.dumps({"predictions": predictions(rows.ids, answers=answers, classes=classes)})
            stamps[5] = time.perf_counter()
        for name, values in zip(names, np.diff(each, axis=1).T, strict=True):
            parts[name].append(float(np.median(values)) * 1e3)
    service.store.close()
    service.pool.shutdown()
    label = f"{case.rows} rows: in process"
    total = [sum(values) for values in zip(*parts.values(), strict=True)]
    result.add(label, total, unit="ms", against=f"{case.rows} rows: mdlc, p50")
    for name in names:
        result.add(f"{label}, {name}", parts[name], unit="ms", against=label)


def _counting(result: common.Result, workspace: Any, *, case: Case, repeats: int) -> None:
    """Time a row in process with and without Metrics.count, request by request in turn."""
    from datetime import datetime

    from mdlc.core.spec.deploy import Serving
    from mdlc.serving import payload_log, predictor_app
    from mdlc.serving.predictor import predictions

    service = predictor_app.open_service(
        workspace.pointer,
        store=f"sqlite:///{place.folder / f'counting-{case.rows}.db'}",
        serving=Serving(),
        request_clock=False,
        currency="USD",
    )
    loaded, classes = service.predictor.loaded, service.predictor.loaded.scorer.classes

    def answer(*, counted: bool) -> None:
        rows = loaded.reader.v1(orjson.loads(case.body))
        answers = loaded.scorer.answer(rows.batch)
        at = datetime(2025, 1, 1)  # the log has no zones
        service.store.add(
            payload_log.records(
                rows, at=at, version=loaded.version, answers=answers, classes=classes
            )
        )
        if counted:
            service.metrics.count(loaded, batch=rows.batch, answers=answers)
        orjson.dumps({"predictions": predictions(rows.ids, answers=answers, classes=classes)})

    taken: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(repeats):
        times: dict[bool, list[float]] = {False: [], True: []}
        for request in range(2 * REQUESTS[case.rows]):
            counted = bool(request % 2)
            times[counted].append(common.timed(partial(answer, counted=counted)))
        for counted, each in times.items():
            taken[counted].append(float(np.median(each)) * 1e6 / case.rows)
    service.store.close()
    service.pool.shutdown()
    label = f"{case.rows} row{'s' if case.rows > 1 else ''}: in process, a row"
    result.add(f"{label}, without counts", taken[False], unit="us")
    against = f"{label}, without counts"
    result.add(f"{label}, with counts", taken[True], unit="us", against=against)
