"""The payload log on a real PostgreSQL, which replicas and lifecycles share."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from mdlc.serving.payload_labels import Label
from mdlc.serving.payload_log import PayloadLog
from tests.contract.payload_logs import PayloadLogContract
from tests.services import postgres

pytestmark = postgres.needed
NOON = datetime(2026, 3, 1, 12)
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


class TestPostgres(PayloadLogContract):
    @pytest.fixture
    def url(self, server: postgres.Server) -> str:
        return server.create(f"payload{next(NUMBERS)}")


def row(identifier: str, version: str) -> dict[str, object]:
    answer = {"features": {"x": 1.0}, "scores": {"no": 0.5, "yes": 0.5}, "action": "wait"}
    money = {"value": None, "expected": 0.0}
    return {"id": identifier, "time": NOON, "version": version, **answer, **money}


def test_replicas_that_start_at_once_make_the_tables_once(server: postgres.Server) -> None:
    for _ in range(5):
        url = server.create(f"payload{next(NUMBERS)}")

        def opened(number: int, url: str = url) -> None:
            with contextlib.closing(PayloadLog(url, name="loans")) as log:
                log.add([row(f"id-{number}", "1")])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(opened, range(8)))
        with contextlib.closing(PayloadLog(url, name="loans")) as log:
            verdicts = log.label(
                [Label(f"id-{number}", "yes", NOON) for number in range(8)], received=NOON
            )
        assert {verdict.status for verdict in verdicts} == {"accepted"}


def test_lifecycles_that_share_a_database_do_not_see_each_others_rows(
    server: postgres.Server,
) -> None:
    url = server.create(f"payload{next(NUMBERS)}")
    with (
        contextlib.closing(PayloadLog(url, name="loans")) as loans,
        contextlib.closing(PayloadLog(url, name="flight-delays")) as flights,
    ):
        loans.add([row("same", "1"), row("other", "1")])
        flights.add([row("same", "7")])
        (verdict,) = flights.label([Label("other", "yes", NOON)], received=NOON)
        assert verdict.status == "unknown"
        loans.label([Label("same", "yes", NOON)], received=NOON)
        assert (loans.count_labels(), flights.count_labels()) == (1, 0)
        assert list(loans.labelled(until=NOON + timedelta(hours=1)).version) == ["1"]
        assert flights.newest_label() is None
