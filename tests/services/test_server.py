"""The real server as a process of its own, over HTTP at a free loopback port."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mdlc.core.files import write_bytes
from mdlc.serving import sample_bundles
from tests.services.predictor import (
    FEEDBACK,
    LOAD,
    POLL_SECONDS,
    ROW,
    V1,
    V2,
    Server,
    predictor,
    wait_until,
)


def point(folder: Path, version: str, *, slope: float, broken: bool = False) -> None:
    bundle = folder / f"bundle-{version}"
    manifest = sample_bundles.bundle(bundle, classes=["no", "yes"], slope=slope)
    if broken:
        (bundle / "model.onnx").write_bytes(b"")
    sample_bundles.point(folder / "serving.json", folder=bundle, manifest=manifest, version=version)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    point(tmp_path, "1", slope=1)
    with predictor(tmp_path, pointer=tmp_path / "serving.json") as started:
        yield started


def test_a_model_is_served_from_first_answer_to_sigterm(server: Server) -> None:
    client = server.client
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v1/models/flights").json() == {"name": "flights", "ready": True}
    v1 = client.post(V1, json={"instances": [ROW], "ids": ["a"]}).json()
    assert v1["predictions"][0]["action"] == "rebook"
    inputs = [
        {"name": "x0", "shape": [1], "datatype": "FP32", "data": [1.0]},
        {"name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["AA"]},
    ]
    v2 = client.post(V2, json={"inputs": inputs}).json()
    assert v2["outputs"][2]["data"] == ["rebook"]
    labels = {"labels": [{"id": "a", "label": "yes"}, {"id": "b", "label": "yes"}]}
    counts = client.post(FEEDBACK, json=labels).json()
    assert (counts["accepted"], counts["unknown"]) == (1, 1)
    assert httpx.post(f"{client.base_url}{V1}", json={}, trust_env=False).status_code == 401
    assert client.post(V1, content=b" " * 100_001).status_code == 413
    metrics = client.get("/metrics").text
    assert 'mdlc_predictions_total{model="flights",version="1"} 2.0' in metrics
    assert 'mdlc_correct_total{model="flights",version="1"} 1.0' in metrics
    assert "request_predict_seconds_count" in metrics
    assert "_created" not in metrics

    before = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=10) == 0
    assert time.monotonic() - before < 5
    lines = server.log()
    story = [(line["event"], line.get("status")) for line in lines if line.get("id") == "a"]
    assert story == [("predicted", None), ("labelled", "accepted")]
    assert [line.get("status") for line in lines if line.get("id") == "b"] == ["unknown"]
    assert server.events() == ["serving", "refused", "refused", "stopped"]
    assert [line["reason"] for line in lines if line["event"] == "refused"] == [
        "unauthorized",
        "too_large",
    ]
    assert "AA" not in (server.folder / "log").read_text()


def test_versions_are_swapped_under_load_without_a_failed_request(server: Server) -> None:
    done = threading.Event()

    def ask(_worker: int) -> list[tuple[int, str]]:
        answers = []
        while not done.is_set():
            answer = server.client.post(V1, json={"instances": [ROW] * 5})
            body = answer.json()
            actions = {row["action"] for row in body.get("predictions", [])}
            answers.append((answer.status_code, f"{body.get('model_version')}{sorted(actions)}"))
        return answers

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, worker) for worker in range(4)]
        try:
            for version in range(2, 6):
                point(server.folder, str(version), slope=1 if version % 2 else -1)
                assert server.client.post(LOAD).status_code == 200
                time.sleep(0.2)
            point(server.folder, "6", slope=1, broken=True)
            refused = server.client.post(LOAD)
            assert (refused.status_code, "answers on" in refused.text) == (503, True)
            time.sleep(0.2)
        finally:
            done.set()
    answers = [answer for worker in asked for answer in worker.result()]
    assert {status for status, _ in answers} == {200}
    # No answer mixes versions: odd ones rebook, even ones wait.
    seen = {answer for _, answer in answers}
    assert seen <= {f"{v}['{'rebook' if v % 2 else 'wait'}']" for v in range(1, 6)}
    assert "5['rebook']" in seen


def version_of(server: Server) -> str:
    return server.client.post(V1, json={"instances": [ROW]}).json()["model_version"]


def test_a_running_server_follows_the_pointer_by_itself(server: Server) -> None:
    def failures() -> int:
        return sum(line["event"] == "load_failed" for line in server.log())

    pointer = server.folder / "serving.json"
    point(server.folder, "2", slope=1)
    wait_until(lambda: version_of(server) == "2")

    text = pointer.read_text()
    pointer.unlink()
    wait_until(lambda: any(line["event"] == "poll_failed" for line in server.log()))
    point(server.folder, "3", slope=1, broken=True)
    wait_until(lambda: failures() == 1)
    write_bytes(pointer, pointer.read_bytes())  # the same again is no change
    time.sleep(2.5 * POLL_SECONDS)
    assert (failures(), version_of(server)) == (1, "2")
    write_bytes(pointer, text.encode())  # nor is what serves already
    time.sleep(2.5 * POLL_SECONDS)

    point(server.folder, "4", slope=1)
    wait_until(lambda: version_of(server) == "4")
    assert server.events() == ["serving", "loaded", "poll_failed", "load_failed", "loaded"]


def test_a_taken_port_is_one_line(server: Server) -> None:
    command = [
        sys.executable,
        "-m",
        "mdlc.serving.model_server",
        "--port",
        str(server.client.base_url.port),
    ]
    command += ["--pointer", str(server.folder / "serving.json"), "--store", "sqlite://"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 9
    assert ended.stderr.count("\n") == 1
    taken = f"cannot listen at 127.0.0.1:{server.client.base_url.port}: Address already in use; "
    assert ended.stderr.startswith(taken)
