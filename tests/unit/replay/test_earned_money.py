"""Each row's money is that of the action which its own answer took; without a label it has none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mdlc.core.files import write_document
from mdlc.core.spec.business import Payoff
from mdlc.life.train import TrainingArtifacts
from mdlc.replay.alternative_policies import months
from mdlc.replay.earned_money import money_by_policy
from mdlc.replay.request_driver import RecordedAnswers
from mdlc.replay.weekly_summary import make_weeks
from tests.unit.bundles import make_bundle, make_prepared, make_training
from tests.unit.replay.streams import CLASSES, HOUR, stream_of

PAYOFF = Payoff(
    actions={"wait": {"no": 0, "yes": 0}, "act": {"no": -1, "yes": 2}}, do_nothing="wait"
)


def answers_of(rows: int, *, act: list[int], labelled: list[int]) -> RecordedAnswers:
    answers = RecordedAnswers.empty(rows, classes=CLASSES)
    answers.action[:] = "wait"
    answers.action[act] = "act"
    answers.scores[:] = [0.25, 0.75]
    answers.version[:] = "1"
    answers.labelled[labelled] = True
    return answers


@pytest.fixture
def results(tmp_path: Path) -> TrainingArtifacts:
    """A first training whose rule always waits."""
    terms = {"classes": CLASSES, "payoff": PAYOFF}
    training = make_training(tmp_path / "training", rule={"weight": 0.0, "bias": -9.0, **terms})
    write_document(tmp_path / "training" / "training.json", training)
    make_prepared(
        tmp_path / "preparation",
        x=np.zeros(4),
        target=np.array(["no", "no", "yes", "no"], dtype=object),
        split=np.array(["train"] * 4, dtype=object),
    )
    stages = {name: str(tmp_path / name) for name in ("training", "preparation")}
    return TrainingArtifacts(stages=stages, spec="")


def test_money_is_of_the_action_that_was_answered_and_only_where_labelled(
    tmp_path: Path, results: TrainingArtifacts
) -> None:
    bundle = tmp_path / "first"
    make_bundle(bundle, weight=0.0, bias=9.0, classes=CLASSES, payoff=PAYOFF)
    money = money_by_policy(
        stream_of(4),
        answers=answers_of(4, act=[0, 1], labelled=[0, 1, 2]),
        bundle=bundle,
        results=results,
        months={},
    )
    assert money["loop"][:3].tolist() == [2.0, -1.0, 0.0]
    assert money["never"][:3].tolist() == [2.0, -1.0, -1.0], "the first model always acts"
    assert money["rule"][:3].tolist() == [0.0, 0.0, 0.0]
    assert money["nothing"][:3].tolist() == [0.0, 0.0, 0.0]
    assert all(np.isnan(earned[3]) for earned in money.values())


def test_each_month_is_decided_by_its_own_model(tmp_path: Path, results: TrainingArtifacts) -> None:
    acts, waits = tmp_path / "acts", tmp_path / "waits"
    make_bundle(acts, weight=0.0, bias=9.0, classes=CLASSES, payoff=PAYOFF)
    make_bundle(waits, weight=0.0, bias=-9.0, classes=CLASSES, payoff=PAYOFF)
    stream = stream_of(4, every=24 * HOUR)
    begins = datetime(2026, 1, 3, tzinfo=UTC)
    money = money_by_policy(
        stream,
        answers=answers_of(4, act=[], labelled=[0, 1, 2, 3]),
        bundle=acts,
        results=results,
        months={begins: waits},
    )
    assert money["monthly"].tolist() == [2.0, -1.0, 0.0, 0.0]


def test_months_begin_after_the_beginning_and_before_the_end() -> None:
    begin, end = datetime(2025, 11, 20, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert [f"{month:%Y-%m-%d}" for month in months(begin, end)] == ["2025-12-01", "2026-01-01"]


def test_a_week_has_its_own_decisions_versions_and_quality() -> None:
    rows = 10 * 24
    answers = answers_of(rows, act=[], labelled=list(range(rows - 24)))
    answers.version[100:] = "2"
    answers.version[50] = "2"
    money = {"loop": np.where(answers.labelled, 1.0, np.nan)}
    first, second = make_weeks(
        stream_of(rows), answers=answers, money=money, observations=[], ignored=set()
    )
    assert (first.decisions, second.decisions) == (7 * 24, 3 * 24)
    assert (first.versions, second.versions) == (["1", "2"], ["2"])
    assert (second.labels, second.money) == (2 * 24, {"loop": 48.0})
    assert first.accuracy == pytest.approx(1 / 3)
    assert first.predicted == {"no": 0.25, "yes": 0.75}
    assert first.skill is not None
    assert first.skill < 0
