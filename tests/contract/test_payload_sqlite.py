"""The payload log's contract on SQLite, and what happens to its file under a running server."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mdlc.serving.payload_labels import Label
from mdlc.serving.payload_log import PayloadLog, WriteOutcome
from tests.contract.payload_logs import HOUR, NOON, PayloadLogContract, row


class TestSqlite(PayloadLogContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'payload.db'}"


@pytest.fixture
def fates() -> list[WriteOutcome]:
    return []


@pytest.fixture
def log(tmp_path: Path, fates: list[WriteOutcome]) -> Iterator[PayloadLog]:
    url = f"sqlite:///{tmp_path / 'store' / 'payload.db'}"
    (tmp_path / "store").mkdir()
    with contextlib.closing(
        PayloadLog(url, name="loans", retry_seconds=0, watch=fates.append)
    ) as opened:
        yield opened


def ids(file: Path) -> list[str]:
    """Return the predictions that somebody else finds in the file."""
    with contextlib.closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [name for (name,) in other.execute("SELECT id FROM predictions ORDER BY id")]


def removed(file: Path) -> None:
    file.unlink()


def all_removed(file: Path) -> None:
    for path in file.parent.iterdir():
        path.unlink()


def renamed(file: Path) -> None:
    file.rename(file.with_name("elsewhere.db"))


def emptied(file: Path) -> None:
    """Put an empty file in its place."""
    other = file.with_name("new")
    other.touch()
    other.rename(file)


@pytest.mark.parametrize("take", [removed, all_removed, renamed, emptied])
def test_a_file_that_is_taken_away_is_noticed_and_a_new_one_is_written(
    log: PayloadLog,
    fates: list[WriteOutcome],
    tmp_path: Path,
    take: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "store" / "payload.db"
    log.add([row("a"), row("b")])
    take(file)
    log.add([row("c")])
    assert ids(file) == ["c"]
    outcomes = log.label([Label(name, "yes", NOON) for name in "ac"], received=NOON + HOUR)
    assert [outcome.status for outcome in outcomes] == ["unknown", "accepted"]
    assert fates == [WriteOutcome(lost=0, waiting=0, reopened=1)]
    (said,) = [r for r in caplog.records if r.message == "payload_log_replaced"]
    assert said.fields["rows"] == 2  # type: ignore[attr-defined]


def test_a_backup_that_is_put_in_its_place_is_gone_on_with(
    log: PayloadLog, fates: list[WriteOutcome], tmp_path: Path
) -> None:
    """The write-ahead log of the file that was replaced is not mixed into the backup."""
    file, backup = tmp_path / "store" / "payload.db", tmp_path / "store" / "backup.db"
    log.add([row("a")])
    with (
        contextlib.closing(sqlite3.connect(file)) as source,
        contextlib.closing(sqlite3.connect(backup)) as target,
    ):
        source.backup(target)
    log.add([row(f"later-{number}") for number in range(500)])
    backup.rename(file)
    outcomes = log.label([Label("a", "yes", NOON)], received=NOON + HOUR)
    assert [outcome.status for outcome in outcomes] == ["accepted"]
    log.add([row("b")])
    assert ids(file) == ["a", "b"]
    assert [fate.reopened for fate in fates] == [1]


def test_rows_wait_while_the_folder_is_gone(
    log: PayloadLog, fates: list[WriteOutcome], tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    log.add([row("a")])
    shutil.rmtree(folder)
    log.add([row("b")])
    assert fates[-1] == WriteOutcome(lost=0, waiting=1)
    folder.mkdir()
    log.add([row("c")])
    assert ids(folder / "payload.db") == ["b", "c"]
    assert fates[-1].waiting == 0


def test_what_waits_is_bounded_in_bytes(tmp_path: Path) -> None:
    fates: list[WriteOutcome] = []
    file = tmp_path / "payload.db"
    made = PayloadLog(
        f"sqlite:///{file}",
        name="loans",
        busy_seconds=0.01,
        retry_seconds=0,
        waiting_bytes=100_000,
        watch=fates.append,
    )
    with contextlib.closing(made) as log:
        with sqlite3.connect(file, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            for number in range(20):
                log.add([row(f"id-{number:02}", "y" * 20_000)])
            other.execute("ROLLBACK")
        assert sum(fate.lost for fate in fates) == 16
        log.add([row("last")])
    assert ids(file) == ["id-00", "id-01", "id-02", "id-03", "last"]
