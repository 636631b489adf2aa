"""An alert fires after the hold, starts again when it flaps, and survives a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.core.errors import ArtifactError
from mdlc.monitoring.alert_conditions import AlertCondition
from mdlc.monitoring.alert_states import AlertBook
from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.state.watch_documents import Alert

Met = bool | None


def day(
    folder: Path, number: float, met: Met, *, version: str = "1", reason: str = "skill"
) -> list[Alert]:
    condition = AlertCondition("SkillLow", met, "low", 0.1, 0.2, "critical", reason)
    book = AlertBook(folder / "alerts.json")  # as after a restart, every time
    return book.update([condition], version=version, time=START + number * DAY, hold=DAY)


def states(folder: Path, *mets: Met) -> list[list[str]]:
    return [[item.state for item in day(folder, at, met)] for at, met in enumerate(mets)]


def test_pending_then_firing_then_resolved_once(tmp_path: Path) -> None:
    found = states(tmp_path, False, True, True, True, False, False)
    assert found == [[], ["pending"], ["firing"], ["firing"], ["resolved"], []]


def test_a_flapping_condition_starts_again(tmp_path: Path) -> None:
    assert states(tmp_path, True, False, True, False, True) == [
        ["pending"],
        [],
        ["pending"],
        [],
        ["pending"],
    ]


def test_since_is_when_it_began_and_then_when_it_ended(tmp_path: Path) -> None:
    day(tmp_path, 0, True)
    assert day(tmp_path, 2, True)[0].since == START
    assert day(tmp_path, 3, False)[0].since == START + 3 * DAY


def test_unknown_is_not_well_and_not_ill(tmp_path: Path) -> None:
    assert states(tmp_path, True, True, None, True) == [
        ["pending"],
        ["firing"],
        ["firing"],
        ["firing"],
    ]


def test_unknown_starts_a_pending_one_again(tmp_path: Path) -> None:
    assert states(tmp_path, True, None, True) == [["pending"], [], ["pending"]]


def test_a_replaced_version_resolves_and_begins_anew(tmp_path: Path) -> None:
    day(tmp_path, 0, True)
    day(tmp_path, 1, True)
    new, old = day(tmp_path, 2, True, version="2")
    assert (new.state, new.since) == ("pending", START + 2 * DAY)
    assert old.state == "resolved"
    assert old.summary.startswith("replaced by version 2")


def test_a_reason_too_must_last(tmp_path: Path) -> None:
    day(tmp_path, 0, True, reason="")
    assert day(tmp_path, 1, True, reason="drift")[0].reason == ""
    assert day(tmp_path, 2, True, reason="drift")[0].reason == "drift"


def test_what_is_no_longer_judged_resolves(tmp_path: Path) -> None:
    day(tmp_path, 0, True)
    day(tmp_path, 1, True)
    book = AlertBook(tmp_path / "alerts.json")
    (alert,) = book.update([], version="1", time=START + 2 * DAY, hold=DAY)
    assert alert.state == "resolved"


def test_an_altered_state_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "alerts.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"alerts\.json"):
        day(tmp_path, 0, True)
