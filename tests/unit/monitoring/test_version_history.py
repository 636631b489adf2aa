"""The history only grows; what was changed, lost or torn is named."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from mdlc.core.errors import ArtifactError
from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.monitoring.version_history import History


def add(history: History, number: int) -> None:
    history.append(
        time=START + number * DAY,
        version=str(number),
        digest="0" * 64,
        candidate="gbm",
        replaced=str(number - 1),
        why="earns more",
        money_per_decision=1.5,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl"
    for number in range(1, 5):
        add(History(path), number)
    return path


def test_entries_come_back_in_order(path: Path) -> None:
    assert [entry.version for entry in History(path).entries()] == ["1", "2", "3", "4"]


def test_no_file_is_no_history(tmp_path: Path) -> None:
    assert History(tmp_path / "none.jsonl").entries() == []
    assert not (tmp_path / "none.jsonl").exists()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_changed_line_is_named(path: Path, number: int) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace("1.5", "9.5")
    path.write_text("".join(lines))
    with pytest.raises(ArtifactError, match=rf"line {number}(, the last,)? was changed"):
        History(path).entries()
    with pytest.raises(ArtifactError, match="was changed"):
        add(History(path), 5)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_lost_line_is_noticed(path: Path, number: int) -> None:
    lines = path.read_text().splitlines(keepends=True)
    del lines[number - 1]
    path.write_text("".join(lines))
    with pytest.raises(ArtifactError, match=r"lost|changed"):
        History(path).entries()


def test_a_lost_file_is_noticed(path: Path) -> None:
    path.unlink()
    with pytest.raises(ArtifactError, match="missing"):
        History(path).entries()


def test_a_torn_line_is_reported_and_repaired_when_asked(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"time": "2025-')
    with pytest.raises(ArtifactError, match="line 5 is torn"):
        History(path).entries()
    with pytest.raises(ArtifactError, match="line 5 is torn"):
        add(History(path), 5)
    assert History(path).repair() == '{"time": "2025-'
    assert path.with_name("history.jsonl.torn").read_text() == '{"time": "2025-'
    add(History(path), 5)
    assert len(History(path).entries()) == 5
    assert History(path).repair() == ""


def test_a_lost_line_end_alone_loses_no_entry(path: Path) -> None:
    path.write_text(path.read_text().rstrip("\n"))
    History(path).repair()
    assert len(History(path).entries()) == 4


def test_killed_before_the_head_moved_is_mended_by_the_next_append(path: Path) -> None:
    head = path.with_name("history.jsonl.head")
    before = head.read_text()
    add(History(path), 5)
    head.write_text(before)
    assert len(History(path).entries()) == 5
    add(History(path), 6)
    assert len(History(path).entries()) == 6


def test_a_disk_that_refuses_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(Exception, match="No space left"):
        add(History(path), 5)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert len(History(path).entries()) == 4


def append_some(path: Path, first: int) -> None:
    for number in range(first, first + 10):
        add(History(path), number)


def test_processes_that_append_at_once_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=append_some, args=(path, first)) for first in (10, 20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert len(History(path).entries()) == 24
