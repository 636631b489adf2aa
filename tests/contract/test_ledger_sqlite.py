"""The ledger's contract on SQLite; a database of an earlier version goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mdlc.core.spec.retrain import Retrain
from mdlc.monitoring.fake_predictor import START
from mdlc.retraining.ledger import Ledger
from tests.contract.ledgers import MINUTE, LedgerContract

BEFORE = """
CREATE TABLE mdlc_verdicts (model TEXT NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL,
 day TEXT NOT NULL, decision TEXT NOT NULL, rule TEXT NOT NULL, reasons TEXT NOT NULL,
 running BOOLEAN NOT NULL, cost DOUBLE NOT NULL, verdict TEXT NOT NULL,
 PRIMARY KEY (model, number));
CREATE UNIQUE INDEX mdlc_one_running ON mdlc_verdicts (model) WHERE running;
INSERT INTO mdlc_verdicts VALUES ('m', 1, 'm-0001', '2026-01-01', 'run', 'ok', '["skill"]', 1, 5.0,
 '{"id":"m-0001","time":"2026-01-01T00:00:00Z","reasons":["skill"],"decision":"run","why":"w",
 "evidence":{"repeats":0},"outcome":"","finished":null,"detail":""}');
"""


class TestSqlite(LedgerContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.db'}"


def test_a_ledger_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.executescript(BEFORE)
    connection.close()
    book = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", retrain=Retrain(), model="m")
    (run,) = book.all()
    assert (run.rule, run.owner, run.attempts) == ("ok", "", 0)
    claimed = book.claim("a", START, lease=MINUTE)
    assert claimed is not None
    assert claimed.attempts == 1
    assert book.finish("m-0001", time=START, outcome="refused", detail="").outcome == "refused"
