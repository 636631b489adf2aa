"""What a history means is read from the kinds of its lines, never from which line is the last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mdlc.monitoring.history_entries import (
    end_of_canary,
    promotion_of,
    role_at,
    serving_chain,
    serving_entry,
    standing_canary,
    version_before,
)
from mdlc.state.release_documents import HistoryEntry, HistoryKind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def told(*lines: str) -> list[HistoryEntry]:
    """Return entries an hour apart: "promotion 1", "canary 2", "canary_rollback 1 2"."""
    found = []
    for hour, line in enumerate(lines):
        kind, version, *replaced = line.split()
        found.append(
            HistoryEntry.model_validate(
                {
                    "time": NOON + timedelta(hours=hour),
                    "version": version,
                    "digest": f"digest-{version}",
                    "candidate": "logistic",
                    "replaced": "".join(replaced),
                    "why": line,
                    "money_per_decision": None,
                    "previous": "",
                    "kind": kind,
                }
            )
        )
    return found


SERVES = [
    (["promotion 1"], "1", 0, None),
    (["promotion 1", "canary 2"], "1", 0, "2"),
    (["promotion 1", "canary 2", "canary 3 2"], "1", 0, "3"),
    (["promotion 1", "canary 2", "canary_rollback 1 2"], "1", 0, None),
    (["promotion 1", "canary 2", "promotion 2 1"], "2", 2, None),
    (["promotion 1", "promotion 2 1", "rollback 1 2"], "1", 2, None),
]


@pytest.mark.parametrize(("lines", "version", "since", "trial"), SERVES)
def test_what_serves_and_since_when_is_never_the_canary(
    lines: list[str], version: str, since: int, trial: str | None
) -> None:
    entries = told(*lines)
    serving, standing = serving_entry(entries), standing_canary(entries)
    assert serving is not None
    assert (serving.version, serving.time) == (version, NOON + timedelta(hours=since))
    assert (standing.version if standing else None) == trial
    assert serving_chain(entries)[-1].version == version


def test_nothing_serves_before_the_first_promotion() -> None:
    assert serving_entry([]) is None
    assert standing_canary([]) is None
    assert version_before([]) is None


ENDS: list[tuple[list[str], str, HistoryKind | None]] = [
    (["promotion 1", "canary 2"], "2", None),
    (["promotion 1"], "2", None),
    (["promotion 1", "canary 2", "promotion 2 1"], "2", "promotion"),
    (["promotion 1", "canary 2", "canary_rollback 1 2"], "2", "canary_rollback"),
    (["promotion 1", "canary 2", "canary 3 2"], "2", "canary"),
    (["promotion 1", "canary 2", "promotion 2 1", "canary 3"], "2", "promotion"),
    (["promotion 1", "canary 2", "promotion 2 1", "rollback 1 2"], "2", "promotion"),
    (["promotion 1", "canary 2", "canary_rollback 1 2", "canary 2"], "2", None),
]


@pytest.mark.parametrize(("lines", "version", "kind"), ENDS)
def test_a_trial_ends_with_the_line_after_it_whatever_came_later(
    lines: list[str], version: str, kind: HistoryKind | None
) -> None:
    ended = end_of_canary(told(*lines), f"digest-{version}")
    assert (ended.kind if ended else None) == kind


def test_a_rollback_skips_what_was_itself_undone_unless_promoted_again() -> None:
    lines = ["promotion 1", "promotion 2 1", "promotion 3 2", "rollback 2 3"]
    before = version_before(told(*lines))
    assert before is not None
    assert before.version == "1"
    again = version_before(told(*lines, "promotion 3 2"))
    assert again is not None
    assert again.version == "2"


def test_the_newest_promotion_of_a_model_is_found_by_its_digest() -> None:
    entries = told("promotion 1", "promotion 2 1", "promotion 1 2", "canary 3")
    assert promotion_of(entries, "digest-1") == entries[2]
    assert promotion_of(entries, "digest-3") is None


@pytest.mark.parametrize(
    ("version", "hour", "role"),
    [("1", 0.5, "champion"), ("2", 1.5, "canary"), ("2", 2.5, "champion"), ("3", 1, "unknown")],
)
def test_a_version_had_the_role_of_its_newest_line_then(
    version: str, hour: float, role: str
) -> None:
    entries = told("promotion 1", "canary 2", "promotion 2 1")
    moment = NOON + timedelta(hours=hour)
    assert role_at(entries, version=version, time=moment) == role
    assert role_at(entries, version=version, time=moment.replace(tzinfo=None)) == role


def test_an_answer_just_before_the_first_line_has_that_lines_role() -> None:
    """Clocks differ: it was on trial, though it was promoted an hour later."""
    entries = told("promotion 1", "canary 2", "promotion 2 1")
    assert role_at(entries, version="2", time=NOON + timedelta(minutes=59)) == "canary"
