"""When nothing starts: freezes, quiet hours in their zone, a canary on trial."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mdlc.core.spec.retrain import Retrain
from mdlc.retraining import policy
from mdlc.retraining.policy import PolicyRequest, Ruling, rule_on

OFFICE = {"start": "08:00", "end": "18:00", "days": ["mon", "fri"], "zone": "Europe/Berlin"}
NIGHT = {"start": "22:00", "end": "06:00", "days": ["fri"], "zone": "Europe/Berlin"}
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def ruled(time: datetime, *reasons: str, force: bool = False, **changes: Any) -> Ruling:
    trial, labels = changes.pop("trial", ""), changes.pop("new_labels", 10_000)
    retrain = Retrain.model_validate({"when": ["skill", "changed", "accuracy"], **changes})
    request = PolicyRequest(time, frozenset(reasons or ["skill"]), labels, force, trial)
    return rule_on(request, policy=retrain, runs=[])


def answers(zoned: dict[str, Any], *times: str) -> list[str]:
    return [ruled(datetime.fromisoformat(time), quiet=[zoned]).rule for time in times]


def test_quiet_hours_are_of_the_clock_on_the_wall_of_their_zone() -> None:
    # Berlin is one hour ahead in winter and two in summer.
    winter = answers(OFFICE, "2026-01-05T06:59:59Z", "2026-01-05T07:00Z", "2026-01-05T17:00Z")
    assert winter == ["ok", "quiet", "ok"]
    summer = answers(OFFICE, "2026-07-06T05:59Z", "2026-07-06T06:00Z", "2026-07-06T16:00Z")
    assert summer == ["ok", "quiet", "ok"]


def test_quiet_hours_have_days() -> None:
    assert answers(OFFICE, "2026-01-06T12:00Z", "2026-01-09T12:00Z") == ["ok", "quiet"]


def test_a_span_past_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    friday = answers(NIGHT, "2026-01-09T04:00Z", "2026-01-09T20:59Z", "2026-01-09T21:00Z")
    assert friday == ["ok", "ok", "quiet"]
    assert answers(NIGHT, "2026-01-10T04:59Z", "2026-01-10T05:00Z") == ["quiet", "ok"]
    assert answers(NIGHT, "2026-01-10T22:00Z") == ["ok"]  # Saturday night is not listed


def test_the_same_start_and_end_is_a_whole_day() -> None:
    day = {"start": "00:00", "end": "00:00", "days": ["sun"]}
    assert answers(day, "2026-01-03T23:59Z", "2026-01-04T00:00Z", "2026-01-04T23:59Z") == [
        "ok",
        "quiet",
        "quiet",
    ]
    assert answers(day, "2026-01-05T00:00Z") == ["ok"]


def test_an_hour_that_comes_twice_is_quiet_twice_and_one_left_out_never() -> None:
    hour = {"start": "02:00", "end": "03:00", "zone": "Europe/Berlin"}
    # 25 October 2026, 03:00 becomes 02:00: both are 02:30 in Berlin.
    assert answers(hour, "2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z") == [
        "quiet",
        "quiet",
        "ok",
    ]
    # 29 March 2026, 02:00 becomes 03:00.
    assert answers(hour, "2026-03-29T00:59Z", "2026-03-29T01:00Z") == ["ok", "ok"]


@pytest.mark.parametrize("zone", ["", "+02:00"])
def test_a_freeze_holds_until_it_ends_and_says_why(zone: str) -> None:
    freeze = {"start": f"2026-01-05T00:00:00{zone}", "end": f"2026-01-06T00:00:00{zone}"}
    held = ruled(MONDAY, freeze=[{**freeze, "why": "year-end"}])
    assert (held.decision, held.rule) == ("defer", "freeze")
    assert held.why.endswith("year-end")
    assert ruled(datetime(2026, 1, 6, tzinfo=UTC), freeze=[freeze]).decision == "run"
    hour_before = ruled(datetime(2026, 1, 4, 23, tzinfo=UTC), freeze=[freeze]).rule
    assert hour_before == ("freeze" if zone else "ok")


def test_a_person_passes_them_only_with_force() -> None:
    closed: dict[str, Any] = {"quiet": [{"start": "00:00", "end": "00:00"}]}
    assert ruled(MONDAY, "manual", **closed).rule == "quiet"
    assert ruled(MONDAY, "manual", force=True, **closed).decision == "run"
    assert ruled(MONDAY, "skill", force=True, **closed).rule == "quiet"


def test_nothing_else_starts_beside_a_canary() -> None:
    assert ruled(MONDAY, trial="7").rule == "canary"
    assert ruled(MONDAY, "manual", force=True, trial="7").decision == "defer"


def test_a_changed_file_needs_no_new_labels_and_accuracy_does() -> None:
    assert ruled(MONDAY, "changed", new_labels=0).decision == "run"
    assert ruled(MONDAY, "accuracy", new_labels=0).rule == "labels"


def test_the_longer_wait_is_named_first() -> None:
    closed: dict[str, Any] = {"quiet": [{"start": "00:00", "end": "00:00"}]}
    assert ruled(MONDAY, new_labels=1, **closed).rule == "labels"
    assert ruled(MONDAY, max_per_month=0, **closed).rule == "budget"


def test_what_the_month_leaves() -> None:
    retrain = Retrain.model_validate(
        {"max_per_month": 3, "cost_per_run": 40, "money_per_month": 100}
    )
    runs = [policy.PastRun("a", MONDAY, frozenset(), 40, MONDAY)] * 2
    left = policy.budget_left(MONDAY, policy=retrain, runs=runs)
    assert (left.runs, left.money, left.started) == (1, 20, 2)
    assert (
        policy.budget_left(datetime(2026, 2, 1, tzinfo=UTC), policy=retrain, runs=runs).money == 100
    )


def test_quiet_hours_have_no_offset_of_their_own() -> None:
    with pytest.raises(ValueError, match="zone says which clock"):
        Retrain.model_validate({"quiet": [{"start": "08:00Z", "end": "18:00"}]})
