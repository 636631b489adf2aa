"""A canary is rolled back when something is surely wrong, promoted when enough is surely right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mdlc.canary.canary_verdict import CanaryVerdict, VersionCounts, judge_canary
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality

SPEC = Canary(ratio=0.2, hold="1h", min_predictions=200, max_failure_ratio=0.01, max_slowdown=3)
QUALITY = Quality(min_labels=100)
EVEN = {"0": 500.0, "1": 500.0}


def counts(predictions: float = 400, **fields: object) -> VersionCounts:
    normal = {
        "predictions": predictions,
        "scorings": predictions,
        "scoring_seconds": predictions * 0.001,
        "bins": {"0": predictions / 2, "1": predictions / 2},
        "reference": EVEN,
    }
    return VersionCounts(**{**normal, **fields})  # type: ignore[arg-type]


def judged(
    canary: VersionCounts,
    champion: VersionCounts | None = None,
    *,
    hours: float = 2,
    spec: Canary = SPEC,
) -> CanaryVerdict:
    return judge_canary(
        spec,
        champion=champion or counts(1600),
        canary=canary,
        drift=Drift(),
        quality=QUALITY,
        elapsed=timedelta(hours=hours),
    )


def test_a_good_canary_waits_out_its_trial_and_is_promoted() -> None:
    assert judged(counts(), hours=0.5) == CanaryVerdict(
        "wait", "nothing is wrong with it; 30m of its trial are left"
    )
    done = judged(counts(), hours=1)
    assert done.action == "promote"
    assert done.why == "it answered 400 predictions as it should; too few labels to compare money"


@pytest.mark.parametrize("hours", [0, 2, 2000])
def test_too_few_predictions_wait_however_long(hours: float) -> None:
    found = judged(counts(199), hours=hours)
    assert found == CanaryVerdict("wait", "it has answered 199 of 200 predictions")
    assert judged(VersionCounts(), VersionCounts(), hours=hours).action == "wait"


def test_failures_roll_back_without_waiting_for_the_trial() -> None:
    assert judged(counts(396, failures=4)).action == "promote"  # 1 % may fail
    found = judged(counts(395, failures=5), hours=0)
    assert found.action == "roll_back"
    assert found.why == "5 of 400 predictions failed; at most 1.00% may"


def test_failures_are_judged_once_no_success_could_make_up_for_them() -> None:
    # 2 of 10: if the next 190 succeed it is 1 %.
    assert judged(counts(8, failures=2)).action == "wait"
    assert judged(counts(8, failures=3)).action == "roll_back"
    assert judged(VersionCounts(failures=3)).action == "roll_back"  # it answers nothing at all
    strict = Canary(max_failure_ratio=0)
    assert judged(counts(3, failures=1), spec=strict).action == "roll_back"


def test_slow_is_above_the_bound_by_request_and_by_row() -> None:
    assert judged(counts(scoring_seconds=400 * 0.003)).action == "promote"
    found = judged(counts(scoring_seconds=400 * 0.0031), hours=0)
    assert found.action == "roll_back"
    assert "3.1 times as slowly (3.1 ms a request against 1 ms); at most 3" in found.why


def test_a_share_of_each_request_is_not_taken_for_slowness() -> None:
    # 40 requests of 50 rows: a call costs 1 ms and 1 us a row, for both.
    champion = counts(1600, scorings=40, scoring_seconds=40 * 0.00104)
    canary = counts(400, scorings=40, scoring_seconds=40 * 0.00101)
    assert judged(canary, champion).action == "promote"


def test_few_requests_say_nothing_about_time() -> None:
    canary = counts(scorings=29, scoring_seconds=100)
    assert judged(canary).action == "promote"
    assert judged(counts(scorings=30, scoring_seconds=100)).action == "roll_back"


def test_other_predictions_than_in_training_roll_back() -> None:
    moved = counts(bins={"0": 300.0, "1": 100.0})  # an index of 0.27
    found = judged(moved, hours=0)
    assert found.action == "roll_back"
    assert found.why.startswith("its predictions have an index of 0.27")
    assert judged(counts(bins={"0": 290.0, "1": 110.0})).action == "promote"  # 0.22


def test_chance_and_changed_rows_are_not_held_against_it() -> None:
    lenient = Canary(min_predictions=10)
    few = counts(20, bins={"0": 15.0, "1": 5.0})  # above 0.25, below what chance explains
    assert judged(few, spec=lenient).action == "promote"
    # The champion's predictions moved as far: what changed are the rows.
    moved = counts(1600, bins={"0": 1200.0, "1": 400.0})
    assert judged(counts(bins={"0": 300.0, "1": 100.0}), moved).action == "promote"
    assert judged(counts(bins={"0": 390.0, "1": 10.0}), moved).action == "roll_back"


def test_without_training_counts_drift_is_not_judged() -> None:
    assert judged(counts(bins={"0": 400.0}, reference={})).action == "promote"


def money(labels: int, mean: float, deviation: float = 1.0) -> dict[str, float]:
    return {
        "labels": labels,
        "money": labels * mean,
        "money_squared": labels * (mean**2 + deviation**2),
    }


def test_less_money_rolls_back_where_labels_suffice_and_chance_does_not_explain_it() -> None:
    champion = counts(1600, **money(400, 1.0))
    poor = judged(counts(**money(100, 0.6)), champion, hours=0)  # error 0.11, bound 0.66
    assert poor.action == "roll_back"
    assert poor.why == "it earns 0.6 per decision, the champion 1, give or take 0.11"
    assert judged(counts(**money(100, 0.7)), champion).action == "promote"
    assert judged(counts(**money(99, 0.1)), champion).action == "promote"
    assert judged(counts(**money(100, 0.1)), counts(1600, **money(99, 1))).action == "promote"
    better = judged(counts(**money(100, 2.0)), champion)
    assert (better.action, "earns 2 per decision" in better.why) == ("promote", True)


@given(
    predictions=some.integers(0, 10_000),
    failures=some.integers(0, 10_000),
    seconds=some.floats(0, 1e6),
    labels=some.integers(0, 5_000),
    earned=some.floats(-1e6, 1e6),
    low=some.integers(0, 5_000),
    hours=some.floats(0, 1000),
)
def test_it_is_promoted_only_after_enough_of_everything(
    *,
    predictions: int,
    failures: int,
    seconds: float,
    labels: int,
    earned: float,
    low: int,
    hours: float,
) -> None:
    canary = counts(
        predictions,
        failures=failures,
        scoring_seconds=seconds,
        bins={"0": low, "1": predictions},
        labels=labels,
        money=earned,
        money_squared=abs(earned),
    )
    if judged(canary, hours=hours).action == "promote":
        assert predictions + failures >= SPEC.min_predictions
        assert failures <= 0.01 * (predictions + failures)
        assert hours >= 1
