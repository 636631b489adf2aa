"""A folder of lifecycles, as a ConfigMap mounts it: files come, change and go while we look."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from mdlc.core.errors import SpecError
from mdlc.trigger import lifecycle_registry as module
from mdlc.trigger.lifecycle_registry import LifecycleRegistry
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower
from tests import tiny

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Backend:
    """Remembers of which lifecycle it is."""

    def __init__(self, watched: Any) -> None:
        self.name = watched.name


def put(folder: Path, name: str, *, file: str = "") -> Path:
    written = tiny.write_file(folder.parent / "made", ("  name: tiny\n", f"  name: {name}\n"))
    return Path(written).replace(folder / (file or f"{name}.yaml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MDLC_HOME", raising=False)
    (tmp_path / "made").mkdir()
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    events: list[tuple[str, str]] = []

    def log(event: str, *, model: str, **_: Any) -> None:
        events.append((event, model))

    monkeypatch.setattr(module, "log", log)
    return events


def look_after(*paths: Path, home: Path) -> LifecycleRegistry:
    return LifecycleRegistry(paths, home=home, clock=lambda: NOW, backend=Backend)  # type: ignore[arg-type]


def test_an_empty_folder_is_fine_and_its_files_are_found_when_they_come(folder: Path, said) -> None:
    lives = look_after(folder, home=folder.parent)
    assert lives.now() == {}
    put(folder, "loans")
    put(folder, "churn")
    assert [life.watched.name for life in lives.refreshed()] == ["churn", "loans"]
    assert [life.backend.name for life in lives.refreshed()] == ["churn", "loans"]  # type: ignore[attr-defined]
    (folder / "churn.yaml").unlink()
    assert [life.watched.name for life in lives.refreshed()] == ["loans"]
    assert said == [("file_found", "churn"), ("file_found", "loans"), ("file_gone", "churn")]


def test_a_lifecycle_is_the_same_object_from_look_to_look(folder: Path) -> None:
    put(folder, "loans")
    lives = look_after(folder, home=folder.parent)
    first = lives.now()["loans"]
    put(folder, "churn")
    lives.refreshed()
    assert lives.now()["loans"] is first


def test_a_wrong_file_is_said_once_and_keeps_nobody_else_out(folder: Path, said) -> None:
    (folder / "bad.yaml").write_text("kind: Lifecycle\n")
    put(folder, "loans")
    lives = look_after(folder, home=folder.parent)
    lives.refreshed()
    assert list(lives.now()) == ["loans"]
    assert said == [("file_invalid", "bad"), ("file_found", "loans")]
    put(folder, "churn", file="bad.yaml")
    lives.refreshed()
    assert list(lives.now()) == ["loans", "churn"]


def test_a_second_file_of_the_same_name_is_refused(folder: Path, said) -> None:
    put(folder, "loans")
    put(folder, "loans", file="other.yaml")
    lives = look_after(folder, home=folder.parent)
    assert lives.now()["loans"].file.name == "loans.yaml"
    assert ("file_invalid", "other") in said


def test_a_folder_that_is_away_takes_no_lifecycle_with_it(folder: Path) -> None:
    put(folder, "loans")
    lives = look_after(folder, home=folder.parent)
    folder.rename(folder.parent / "away")
    assert [life.watched.name for life in lives.refreshed()] == ["loans"]


def test_a_named_file_has_to_be_right(folder: Path) -> None:
    bad = folder / "bad.yaml"
    bad.write_text("kind: Lifecycle\n")
    with pytest.raises(SpecError):
        look_after(bad, home=folder.parent)
    twice = put(folder, "loans"), put(folder, "loans", file="other.yaml")
    with pytest.raises(SpecError, match="two files have the name loans"):
        look_after(*twice, home=folder.parent)


def test_the_follower_lets_go_of_the_run_of_a_file_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there: list[Any] = []
    follower = RunFollower(
        lambda: there, terms=FollowTerms("me", 1.0), requests=RequestCounter(CollectorRegistry())
    )
    let_go: list[str] = []
    monkeypatch.setattr(follower, "_let_go", lambda watched, _: let_go.append(watched.name))
    monkeypatch.setattr(follower, "_guarded", lambda *_: None)

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    there[:] = [(Named("loans"), None), (Named("churn"), None)]
    follower.look()
    del there[1]
    follower.look()
    assert let_go == ["churn"]
