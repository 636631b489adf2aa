"""The ledger's contract on a real PostgreSQL, and what happens while it is away."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from mdlc.core.errors import ServiceError
from mdlc.core.spec.retrain import Retrain
from mdlc.retraining.ledger import Ledger
from mdlc.retraining.ledger_database import CONNECTIONS
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


def test_a_model_does_not_wait_for_another_one_and_all_share_the_connections(
    server: postgres.Server,
) -> None:
    url = server.create(f"ledger{next(NUMBERS)}")
    books = [Ledger(url, retrain=Retrain(), model=f"m{number}") for number in range(50)]
    with books[0]._rows():  # its turn: another process would wait for it here
        assert [decide(book).decision for book in books[1:]] == ["run"] * 49
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with engine.connect() as connection:
        ours = connection.execute(sa.text(asked)).scalar_one() - 1
    assert 1 <= ours <= CONNECTIONS
