"""The ledger's contract on a real PostgreSQL, and what happens while it is away."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from mdlc.core.errors import ServiceError
from mdlc.core.spec.retrain import Retrain
from mdlc.monitoring.trigger import Ledger
from tests.contract.ledgers import LedgerContract, decide
from tests.services import postgres

pytestmark = postgres.needed
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


class TestPostgres(LedgerContract):
    @pytest.fixture
    def url(self, server: postgres.Server) -> str:
        return server.create(f"ledger{next(NUMBERS)}")


def test_a_server_that_is_away_is_a_service_error_and_back_is_back(
    server: postgres.Server,
) -> None:
    url = server.create(f"ledger{next(NUMBERS)}").replace("+psycopg", "")
    book = Ledger(url, retrain=Retrain(), model="m")
    server.stop()
    try:
        with pytest.raises(ServiceError, match="does not answer"):
            decide(book)
    finally:
        server.start()
    assert decide(book).decision == "run"
