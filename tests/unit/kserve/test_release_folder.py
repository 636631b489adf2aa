"""The same line-up has the same name, whenever and however often it serves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mdlc.kserve.release_folder import ReleaseFolder, release
from mdlc.state.release_documents import CanaryRelease, HistoryEntry, Pointer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(version: str, *, kind: Any = "promotion", why: str = "") -> HistoryEntry:
    return HistoryEntry(
        time=NOW,
        version=version,
        digest=f"d{version}",
        candidate="logistic",
        replaced="",
        why=why or f"{kind} {version}",
        money_per_decision=1.0,
        previous="",
        kind=kind,
    )


def pointer(version: str, *, canary: str = "", ratio: float = 0.2, late: int = 0) -> Pointer:
    trial = CanaryRelease(
        version=canary,
        bundle=f"anywhere/{canary}",
        digest=f"d{canary}",
        since=NOW + timedelta(days=late),
        promised=None,
        ratio=ratio,
        why="it wins",
    )
    return Pointer(
        name="flights",
        version=version,
        bundle=f"anywhere/{version}",
        digest=f"d{version}",
        since=NOW + timedelta(days=late),
        promised=1.0,
        canary=trial if canary else None,
    )


def made(of: Pointer, *entries: HistoryEntry) -> ReleaseFolder:
    return release(of, history=entries, format="onnx")


def test_a_release_has_its_own_relative_folders() -> None:
    found = made(pointer("1", canary="2"), entry("1"), entry("2", kind="canary"))
    assert found.pointer.bundle == "models/1"
    assert found.pointer.canary is not None
    assert found.pointer.canary.bundle == "models/2"
    assert found.folder.startswith("2-")
    assert found.location("s3://b/x/") == f"s3://b/x/flights/releases/{found.folder}"


def test_the_number_is_the_line_by_which_it_came_about() -> None:
    lines = [entry("1"), entry("2", kind="canary"), entry("2"), entry("1", kind="rollback")]
    assert made(pointer("1"), *lines[:1]).folder.startswith("1-")
    assert made(pointer("2"), *lines[:3]).folder.startswith("3-")
    assert made(pointer("2"), *lines[:3]).why == "promotion 2"
    assert made(pointer("3"), *lines).folder.startswith("5-")


def test_going_back_names_the_folder_that_served_before() -> None:
    lines = [entry("1"), entry("2"), entry("1", kind="rollback")]
    first, again = made(pointer("1"), *lines[:1]), made(pointer("1", late=9), *lines)
    assert again.folder == first.folder
    assert again.why == first.why


def test_dropping_a_canary_names_the_folder_without_it() -> None:
    lines = [entry("1"), entry("2", kind="canary"), entry("1", kind="canary_rollback")]
    assert made(pointer("1", late=3), *lines).folder == made(pointer("1"), *lines[:1]).folder


def test_another_share_is_another_release() -> None:
    lines = [entry("1"), entry("2", kind="canary")]
    few, many = (made(pointer("1", canary="2", ratio=r), *lines).folder for r in (0.1, 0.2))
    assert few != many
    assert few.partition("-")[0] == many.partition("-")[0]


def test_a_withdrawn_champion_is_another_release_until_it_is_promoted_again() -> None:
    lines = [entry("1"), entry("1", kind="withdrawal", why="it loses money")]
    off = made(pointer("1").model_copy(update={"instead": "nothing"}), *lines)
    assert off.folder.startswith("2-")
    assert (off.pointer.instead, off.why) == ("nothing", "it loses money")
    assert made(pointer("1"), *lines, entry("1")).folder == made(pointer("1"), *lines[:1]).folder
