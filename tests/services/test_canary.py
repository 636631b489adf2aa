"""Canaries on the real server: their share, their failures, promotion and rollback under load."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.files import write_document
from mdlc.serving import sample_bundles
from tests.services.predictor import ROW, V1, Server, predictor, wait_until
from tests.services.releases import RATIO, Releases, first_release, has_canary, metrics, versions

FOLLOWED_SECONDS = 2


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return first_release(tmp_path)


@pytest.fixture
def server(tmp_path: Path, releases: Releases) -> Iterator[Server]:
    with predictor(tmp_path, pointer=releases.workspace.pointer) as started:
        yield started


def test_a_canary_answers_its_share_and_an_id_goes_one_way_on_every_replica(
    server: Server, releases: Releases, tmp_path: Path
) -> None:
    releases.canary(2)
    wait_until(lambda: has_canary(server, 2))
    ids = [f"p-{number}" for number in range(2000)]
    found = versions(server, ids)
    share, sigma = found.count("2") / 2000, math.sqrt(RATIO * (1 - RATIO) / 2000)
    assert abs(share - RATIO) < 4 * sigma
    assert set(found) == {"1", "2"}
    (tmp_path / "replica").mkdir()
    with predictor(tmp_path / "replica", pointer=releases.workspace.pointer) as replica:
        assert versions(replica, ids) == found
    counted = f'mdlc_predictions_total{{model="flights",version="2"}} {found.count("2")}.0'
    assert counted in metrics(server)


@pytest.mark.parametrize("fault", ["raises", "nan"])
def test_a_canary_that_fails_fails_no_request(
    server: Server, releases: Releases, fault: sample_bundles.Fault
) -> None:
    releases.canary(2, fault=fault)
    wait_until(lambda: has_canary(server, 2))
    found = versions(server, [f"p-{n}" for n in range(500)], {"x0": 3.0, "carrier": "AA"})
    assert set(found) == {"1"}
    page = metrics(server)
    failed = page.partition('mdlc_version_failures_total{model="flights",version="2"} ')[2]
    assert 50 < float(failed.partition("\n")[0]) < 150
    assert "mdlc_request_errors_total{" not in page
    lines = [line for line in server.log() if line["event"] == "canary_failed"]
    assert lines
    assert {line["version"] for line in lines} == {"2"}
    assert "AA" not in (server.folder / "log").read_text()


@dataclass
class Load:
    """Clients that ask without pause: each answer's status, version and whether it is its own."""

    statuses: set[int] = field(default_factory=set)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)
    newest: set[str] = field(default_factory=set)
    """Versions in the last answer."""

    def note(self, status: int, body: dict[str, Any]) -> None:
        self.requests += 1
        self.statuses.add(status)
        champion, seen = body.get("model_version", ""), set()
        for one in body.get("predictions", []):
            version = one.get("version", champion)
            seen.add(version)
            if one["action"] != ("rebook" if int(version) % 2 else "wait"):
                self.wrong.append(f"{version} said {one['action']}")
        self.newest = seen


@contextmanager
def load(server: Server) -> Iterator[Load]:
    done, seen = threading.Event(), Load()

    def ask(_worker: int) -> None:
        while not done.is_set():
            answer = server.client.post(V1, json={"instances": [ROW] * 20})
            seen.note(answer.status_code, answer.json())

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask, worker) for worker in range(3)]
        try:
            yield seen
        finally:
            done.set()
    for worker in asking:
        worker.result()


def test_promotion_and_rollback_are_followed_under_load_without_a_failed_request(
    server: Server, releases: Releases
) -> None:
    def followed(act: Callable[[], object], wanted: set[str]) -> None:
        act()
        wait_until(lambda: seen.newest == wanted, seconds=FOLLOWED_SECONDS)
        time.sleep(0.2)

    with load(server) as seen:
        wait_until(lambda: seen.newest == {"1"})
        followed(lambda: releases.canary(2, ratio=0.5), {"1", "2"})
        followed(releases.promote, {"2"})
        followed(lambda: releases.canary(3, ratio=0.5), {"2", "3"})
        followed(releases.rollback, {"2"})  # the canary goes
        followed(releases.rollback, {"1"})  # and the champion
    assert seen.statuses == {200}
    assert seen.wrong == []
    assert seen.requests > 100
    page = metrics(server)
    assert "mdlc_canary_ratio{" not in page
    assert page.count("mdlc_model_info{") == 1
    assert "mdlc_request_errors_total{" not in page


def test_a_canary_that_does_not_load_is_logged_once_and_can_be_dropped(
    server: Server, releases: Releases
) -> None:
    pointer = releases.canary(2)
    assert pointer.canary is not None
    releases.rollback()
    time.sleep(1.2)
    model = releases.workspace.pointer.parent / pointer.canary.bundle / "model.onnx"
    model.unlink()  # a link to the deployment's, which stays whole
    model.write_bytes(b"")
    write_document(releases.workspace.pointer, pointer)
    wait_until(lambda: "canary_load_failed" in server.events())
    time.sleep(1.2)
    assert server.events().count("canary_load_failed") == 1
    assert set(versions(server, [f"p-{n}" for n in range(50)])) == {"1"}
    releases.rollback()
    wait_until(lambda: not has_canary(server, 2))
