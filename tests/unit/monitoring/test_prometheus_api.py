"""The client answers with numbers or says why it cannot; it never takes silence for an answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from mdlc.canary.prometheus_counts import counted
from mdlc.core.errors import ServiceError
from mdlc.monitoring.prometheus_api import Prometheus

URL = "http://ann:s3cret@metrics.test:9090/prom?x=hush"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Answer = Callable[[httpx.Request], httpx.Response]


def prometheus(answer: Answer, **limits: Any) -> Prometheus:
    return Prometheus(URL, transport=httpx.MockTransport(answer), **limits)


def success(kind: str, result: object) -> httpx.Response:
    return httpx.Response(
        200, json={"status": "success", "data": {"resultType": kind, "result": result}}
    )


def test_a_query_returns_labels_and_values() -> None:
    asked: list[dict[str, list[str]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(parse_qs(request.content.decode()))
        assert request.url.path == "/prom/api/v1/query"
        assert request.headers["authorization"] == "Bearer t0ken"
        return success("vector", [{"metric": {"version": "1"}, "value": [1.0, "2.5"]}])

    (sample,) = prometheus(answer, token="t0ken").query("up", at=NOON)
    assert (sample.labels, sample.value) == ({"version": "1"}, 2.5)
    assert asked[0]["query"] == ["up"]
    assert float(asked[0]["time"][0]) == NOON.timestamp()
    scalar = prometheus(lambda _: success("scalar", [1.0, "NaN"]), token="t0ken").query("1")
    assert scalar[0].value != scalar[0].value


def test_a_range_has_times_and_never_more_points_than_prometheus_gives() -> None:
    steps: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        steps.append(parse_qs(request.content.decode())["step"][0])
        values = [[NOON.timestamp(), "1"], [NOON.timestamp() + 60, "+Inf"]]
        return success("matrix", [{"metric": {}, "values": values}])

    client, second = prometheus(answer), timedelta(seconds=1)
    (series,) = client.query_range("up", start=NOON, end=NOON + second, step=60 * second)
    assert series.points == [(NOON, 1.0), (NOON + 60 * second, float("inf"))]
    client.query_range("up", start=NOON, end=NOON + timedelta(days=28), step=second)
    assert steps[0] == "60000ms"
    assert 28 * 86400 * 1000 / int(steps[1].removesuffix("ms")) < 11_000


@pytest.mark.parametrize(
    ("response", "says"),
    [
        (httpx.Response(200, text="<html>"), "no JSON of its API"),
        (httpx.Response(200, json=[1]), "no JSON of its API"),
        (httpx.Response(503, json={"status": "error", "error": "try\nlater"}), "503: try later"),
        (httpx.Response(422, json={"status": "error", "error": "bad"}), "422: bad"),
        (httpx.Response(200, json={"status": "error", "error": "bad"}), "200: bad"),
        (httpx.Response(401), "status 401"),
        (success("vector", [{"metric": {}}]), "another shape"),
        (success("vector", [{"metric": {}, "value": [1, "x"]}]), "another shape"),
        (httpx.Response(200, json={"status": "success"}), "another shape"),
        (httpx.Response(200, json={"status": "success", "data": {"a": "x" * 5000}}), "1000 bytes"),
    ],
)
def test_whatever_is_no_answer_is_an_error_of_one_line(response: httpx.Response, says: str) -> None:
    with pytest.raises(ServiceError) as caught:
        prometheus(lambda _: response, max_bytes=1000).query("up")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_server_that_is_away_is_an_error_without_credentials() -> None:
    with pytest.raises(
        ServiceError, match=r"http://127\.0\.0\.1:9 does not answer: Conn"
    ) as caught:
        Prometheus("http://ann:s3cret@127.0.0.1:9").query("up")
    assert "s3cret" not in str(caught.value)


def test_a_server_that_answers_too_slowly_is_an_error() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(ServiceError, match="ReadTimeout"):
            Prometheus(f"http://127.0.0.1:{port}", timeout_seconds=0.3).query("up")
        assert time.monotonic() - started < 3


def test_a_server_that_drips_is_cut_off() -> None:
    def drip() -> Any:
        while True:
            time.sleep(0.05)
            yield b" "

    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"took longer than 0\.3 s"):
        prometheus(lambda _: httpx.Response(200, content=drip()), timeout_seconds=0.3).query("up")
    assert time.monotonic() - started < 3


def test_a_url_that_is_none_is_said() -> None:
    for url in ("http://[", "nonsense"):
        with pytest.raises(ServiceError):
            Prometheus(url).query("up")


def test_what_a_canary_counted_is_gathered_by_version() -> None:
    values = {
        "sum_over_time(model_version:mdlc_predictions": {"1": "80", "2": "20"},
        "model_version:mdlc_labels": {"1": "8", "2": "2"},
        "model_version:mdlc_money_gained": {"1": "10", "2": "3"},
        "model_version:mdlc_money_lost": {"1": "4"},
        "model_version:mdlc_money_squared": {"1": "50", "2": "9"},
        "increase(mdlc_version_failures_total": {"1": "0", "2": "1"},
        "increase(mdlc_scoring_seconds_count": {"1": "10", "2": "9"},
        "increase(mdlc_scoring_seconds_sum": {"1": "0.1", "2": "0.2"},
    }
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        query = parse_qs(request.content.decode())["query"][0]
        asked.append(query)
        for part, found in values.items():
            if part in query:
                result = [{"metric": {"version": v}, "value": [0, n]} for v, n in found.items()]
                return success("vector", result)
        rows = "20" if "mdlc_rows" in query else "500"
        labels = [{"version": "2", "bin": name} for name in ("0", "1")]
        return success("vector", [{"metric": label, "value": [0, rows]} for label in labels])

    with prometheus(answer) as client:
        found = counted(client, model="flights", elapsed=timedelta(minutes=1.5))
    assert set(found) == {"1", "2"}
    assert (found["1"].predictions, found["1"].money, found["2"].money) == (80, 6, 3)
    assert (found["2"].failures, found["2"].scorings, found["2"].scoring_seconds) == (1, 9, 0.2)
    assert found["2"].bins == {"0": 20, "1": 20}
    assert found["2"].reference == {"0": 500, "1": 500}
    assert all('model="flights"' in query for query in asked)
    assert all("[90s]" in query for query in asked if "reference" not in query)
    assert json.dumps(asked).count("__prediction") == 2
