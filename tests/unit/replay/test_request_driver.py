"""A replay sends each row in its hour and each label once it is known, and notes who answered."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest

from mdlc.core.errors import ServiceError
from tests.unit.replay.streams import HOUR, FakeServer, driver_of, stream_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_each_row_is_credited_to_the_version_that_answered_it() -> None:
    server = FakeServer(canary=True)
    driver = driver_of(stream_of(6), server)
    driver.run()
    assert driver.answers.version.tolist() == ["1", "2"] * 3


def test_without_a_canary_all_rows_are_the_champions() -> None:
    driver = driver_of(stream_of(3), FakeServer())
    driver.run()
    assert driver.answers.version.tolist() == ["1"] * 3
    assert driver.answers.scores[:, 1].tolist() == [0.75] * 3


def test_a_row_is_asked_in_its_hour_in_requests_of_bounded_size() -> None:
    server = FakeServer()
    driver_of(stream_of(5, every=np.timedelta64(10, "m")), server, max_rows=2).run()
    asked = [(time, len(body["ids"])) for time, body in server.of("predict")]
    first, second = "2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+00:00"
    assert asked == [(first, 2), (first, 1), (second, 2)]


def test_no_label_is_sent_before_it_is_known_and_each_is_sent_once() -> None:
    server = FakeServer()
    stream = stream_of(30, labels_after=5 * HOUR)
    driver = driver_of(stream, server)
    driver.run()
    sent = []
    for time, body in server.of("feedback"):
        for label in body["labels"]:
            assert datetime.fromisoformat(label["time"]) <= datetime.fromisoformat(time)
            sent.append(label["id"])
    assert sent == stream.key.tolist()
    assert driver.answers.labelled.all()


def test_a_request_that_fails_is_counted_and_its_rows_get_no_label() -> None:
    server = FakeServer()
    server.fails = lambda path: path == "predict" and len(server.of("predict")) == 2
    driver = driver_of(stream_of(4), server)
    driver.run()
    assert driver.answers.failed_requests == 1
    assert driver.answers.version.tolist() == ["1", "", "1", "1"]
    assert driver.answers.labelled.tolist() == [True, False, True, True]


def test_it_ticks_once_a_day_and_once_when_the_last_label_is_in() -> None:
    ticks: list[datetime] = []
    driver_of(stream_of(50), FakeServer(), tick=ticks.append).run()
    assert ticks[0] - BEGIN < timedelta(days=1, hours=1)
    steps = {after - before for before, after in itertools.pairwise(ticks[:-1])}
    assert steps == {timedelta(days=1)}
    assert ticks[-1] >= BEGIN + timedelta(hours=49 + 3)


@pytest.mark.parametrize("gone", [True, False])
def test_a_server_that_is_gone_or_refuses_ends_the_replay(gone: bool) -> None:
    """A refusal is a fault of the replay's own: it is not counted as a failed request."""

    def answer(_: httpx.Request) -> httpx.Response:
        if gone:
            raise httpx.ConnectError("refused")
        return httpx.Response(400, text="no such column")

    server = FakeServer()
    server.client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://server")
    with pytest.raises(ServiceError, match="stopped answering" if gone else "no such column"):
        driver_of(stream_of(1), server).run()
