"""The gate promotes what is better, for sure, on rows that say so; else it says what is missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.components.evaluation import significance
from mdlc.components.evaluation.significance import Units
from mdlc.components.evaluation.stage import evaluate
from mdlc.components.evaluation.verdict import spend
from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.files import read_document, write_document
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Model
from mdlc.core.spec.promotion import Promotion
from tests.unit.bundles import CLASSES, make_bundle, make_prepared, make_training, make_world

WAITS = Payoff(
    actions={"act": {"good": 2, "bad": -1}, "nothing": {"good": 0, "bad": 0}}, do_nothing="nothing"
)
"""Acting blindly earns more than doing nothing where more than a third are good."""


def line(weight: float, bias: float = 0.0) -> dict[str, Any]:
    """Describe a bundle that decides by this file's money."""
    return {"weight": weight, "bias": bias, "payoff": WAITS}


GOOD, USELESS = line(2.0, -1.0), line(0.0, 5.0)


def judged(folder: Path, *, payoff: Payoff | None = WAITS, **more: Any) -> Evaluation:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return evaluate(
        Model(bootstrap=100),
        promotion=Promotion(),
        payoff=payoff,
        prepared=folder / "prepared",
        training=folder / "training",
        out=out,
        **more,
    )


def noise(folder: Path, *, rows: int = 900, seed: int = 0, days: int = 0) -> None:
    """Write rows whose labels have nothing to do with x."""
    random = np.random.default_rng(seed)
    split = np.array(["train", "validation", "test"])[np.arange(rows) % 3]
    target = np.where(random.random(rows) < 0.6, *CLASSES)
    make_prepared(
        folder / "prepared", x=random.normal(size=rows), target=target, split=split, days=days
    )


def changed(folder: Path, **update: Any) -> None:
    path = folder / "prepared" / "prepared.json"
    write_document(path, read_document(path, Prepared).model_copy(update=update))


def why(evaluation: Evaluation) -> str:
    return " ".join(evaluation.reasons)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shuffled_labels_are_not_promoted_though_acting_beats_doing_nothing(
    tmp_path: Path, seed: int
) -> None:
    noise(tmp_path, seed=seed)
    make_training(tmp_path / "training", logistic=line(0.05, -0.4), rule=USELESS)
    got = judged(tmp_path)
    against = {c.against: c for c in got.comparisons}
    assert against["nothing"].enough, "acting blindly does beat doing nothing"
    assert not against["constant"].enough
    assert not got.promote
    assert "the best constant action" in got.reasons[-1]


@pytest.mark.parametrize("rows", [21, 45])
def test_a_tiny_test_is_not_enough_data_and_says_how_much_is(tmp_path: Path, rows: int) -> None:
    x = np.tile([-3.0, 3.0, 3.0], rows // 3)
    split = np.repeat(["train", "validation", "test"], rows // 3)
    target = np.array(CLASSES)[(x < 0).astype(int)]
    make_prepared(tmp_path / "prepared", x=x, target=target, split=split)
    make_training(tmp_path / "training", logistic=line(-9.0))
    got = judged(tmp_path)
    assert not got.promote
    assert "not enough data" in got.reasons[-1]
    assert "20 are needed" in got.reasons[-1]


def test_under_five_days_rows_of_a_day_are_not_taken_for_independent(tmp_path: Path) -> None:
    make_world(tmp_path, rows=3000, days=4)
    make_training(tmp_path / "training", logistic=GOOD)
    got = judged(tmp_path)
    assert (got.unit, got.units, got.promote) == ("days", 4, False)
    assert "4 independent days, 5 are needed" in why(got)


def test_the_rule_serves_where_no_model_is_better_for_sure(tmp_path: Path) -> None:
    make_world(tmp_path, rows=1200)
    close = line(2.02, -1.0)
    make_training(tmp_path / "training", logistic=close, rule=GOOD)
    got = judged(tmp_path)
    assert got.promote
    assert got.winner == "rule"
    assert {c.against for c in got.comparisons} >= {"nothing", "constant"}


def test_a_rule_that_is_no_better_than_the_constant_does_not_serve(tmp_path: Path) -> None:
    noise(tmp_path)
    make_training(tmp_path / "training", logistic=line(1.0), rule=line(-1.0))
    assert not judged(tmp_path).promote


def test_a_model_has_to_beat_the_rule_with_the_same_confidence(tmp_path: Path) -> None:
    make_world(tmp_path, rows=300)
    make_training(tmp_path / "training", logistic=GOOD, rule=line(1.6, -0.8))
    got = judged(tmp_path)
    against = {c.against: c for c in got.comparisons}
    assert (got.winner, got.promote) == ("logistic", False)
    assert not against["rule"].enough
    assert against["rule"].needed > 0.9


def test_a_champion_that_learnt_from_the_test_is_no_measure(tmp_path: Path) -> None:
    make_world(tmp_path, rows=2000, days=40)
    begins = datetime(2026, 1, 20)
    changed(tmp_path, boundaries={"test": begins})
    make_training(tmp_path / "training", logistic=GOOD)
    later = begins + timedelta(days=3)
    make_bundle(tmp_path / "seen", **USELESS, tested_from=later)
    make_bundle(tmp_path / "fair", **USELESS, tested_from=begins)
    refused = judged(tmp_path, champion=tmp_path / "seen")
    assert not refused.promote
    assert "it knows the answers" in refused.reasons[-1] + why(refused)
    assert judged(tmp_path, champion=tmp_path / "fair").promote


def test_a_larger_share_of_test_rows_has_some_that_the_champion_learnt(tmp_path: Path) -> None:
    make_world(tmp_path)
    changed(tmp_path, test_ratio=0.3)
    make_training(tmp_path / "training", logistic=GOOD)
    make_bundle(tmp_path / "old", **USELESS, tested_ratio=0.2)
    assert "learnt from rows of this test" in why(judged(tmp_path, champion=tmp_path / "old"))
    assert not judged(tmp_path, champion=tmp_path / "old").promote


def test_a_suspected_leak_stops_a_promotion_and_says_what_to_do(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    assert judged(tmp_path).promote
    got = judged(tmp_path, leaks=["x alone tells 99 % ..., in spec.explore.allow: [x]"])
    assert not got.promote
    assert "spec.explore.allow" in got.reasons[-1] + got.reasons[-2]


def test_rows_that_judge_again_leave_less_to_be_wrong_about(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD)
    first = judged(tmp_path)
    again = judged(tmp_path, earlier=[first.test_digest, "other rows", first.test_digest])
    assert (first.uses, again.uses) == (1, 3)
    assert again.comparisons[0].needed > first.comparisons[0].needed > 0.9
    assert "have judged 3 times" in why(again)


def test_all_uses_together_spend_no_more_than_the_error_that_is_allowed() -> None:
    assert sum(spend(uses) for uses in range(1, 5000)) < 1


def test_without_a_payoff_a_proper_score_judges_and_says_what_a_payoff_adds(
    tmp_path: Path,
) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=GOOD, rule=line(0.5))
    got = judged(tmp_path, payoff=None)
    assert (got.priced, got.promote, got.winner) == (False, True, "logistic")
    assert "log-loss" in got.reasons[0]
    assert "spec.business.payoff" in got.reasons[-1]
    pages = {c.name: c for c in got.contenders}
    loss = pages["logistic"].metrics["log_loss"].value
    assert pages["logistic"].money_per_decision.value == pytest.approx(-loss, rel=0.02)


def test_without_a_payoff_confident_nonsense_does_not_beat_the_shares(tmp_path: Path) -> None:
    noise(tmp_path)
    make_training(tmp_path / "training", logistic=line(3.0))
    assert not judged(tmp_path, payoff=None).promote


def test_copies_of_a_row_count_as_one() -> None:
    once = np.tile([1.0, 1.0, -1.0], 20)
    gains = np.repeat(once, 10)
    alone = significance.gain(gains, units=Units(np.arange(600), 600, "rows"), worst=-1, best=1)
    units = Units(np.repeat(np.arange(60), 10), 60, "rows")
    found = significance.gain(gains, units=units, worst=-1, best=1)
    assert found.interval.low < alone.interval.low
    assert found.probability < alone.probability


def test_a_loss_that_is_rare_and_has_not_happened_yet_is_counted() -> None:
    """Gains of 1 in 100 rows say little where one row in a hundred may lose 100."""
    units = Units(np.arange(100), 100, "rows")
    sure = significance.gain(np.ones(100), units=units, worst=-1, best=1)
    rare = significance.gain(np.ones(100), units=units, worst=-100, best=1)
    assert sure.probability > 0.99
    assert rare.probability < 0.9


def test_a_champion_that_earns_less_than_doing_nothing_is_withdrawn(tmp_path: Path) -> None:
    make_world(tmp_path)
    make_training(tmp_path / "training", logistic=line(0.0, 9.0))
    make_bundle(tmp_path / "lost", **line(-4.0, 0.0))
    harm = Payoff(
        actions={"act": {"good": 1, "bad": -9}, "nothing": {"good": 0, "bad": 0}},
        do_nothing="nothing",
    )
    got = judged(tmp_path, payoff=harm, champion=tmp_path / "lost")
    assert (got.promote, got.withdraw) == (False, "nothing")
    assert not got.earning
    assert "Withdrawn" in why(got)
    make_bundle(tmp_path / "good", **GOOD)
    good = judged(tmp_path, champion=tmp_path / "good")
    assert (good.withdraw, good.earning) == ("", True)


def test_a_champion_that_lost_on_the_newest_rows_alone_goes_on(tmp_path: Path) -> None:
    """The rows of one test share a season."""
    split = np.repeat(["train", "validation", "test"], 300)
    target = np.where(split == "test", "bad", "good")
    make_prepared(tmp_path / "prepared", x=np.zeros(900), target=target, split=split)
    make_training(tmp_path / "training", logistic=line(0.0, -5.0))
    make_bundle(tmp_path / "acts", **USELESS)
    got = judged(tmp_path, champion=tmp_path / "acts")
    assert (got.promote, got.withdraw, got.earning) == (False, "", False)
