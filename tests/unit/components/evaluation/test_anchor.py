"""The sources' own labels have a say: lies alone make no champion, and truths unmake none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mdlc.components.evaluation.stage import evaluate
from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.documents.prepared_data import GuardFinding, Prepared
from mdlc.core.files import read_document, write_document
from mdlc.core.spec.deploy import Deploy
from mdlc.core.spec.model import Model
from mdlc.core.spec.retrain import Guard
from tests.unit.bundles import CLASSES, PAYOFF, make_bundle, make_prepared, make_training

TRUE: dict[str, Any] = {"weight": 2.0, "bias": -1.0}
LIE: dict[str, Any] = {"weight": -2.0, "bias": 1.0}


def judged(
    folder: Path, *, challenger: dict[str, Any], lies: bool, anchor: int = 300, guard: Any = None
) -> Evaluation:
    """Judge against the other as champion; `lies` flips the labels of the table, not the anchor."""
    random = np.random.default_rng(0)
    x = random.normal(size=1200)
    bad = random.random(1200) < 1 / (1 + np.exp(1 - 2 * x))
    split = np.array(["train", "validation", "test"])[np.arange(1200) % 3]
    said = np.array(CLASSES)[(bad ^ lies).astype(int)]
    make_prepared(folder / "sources", x=x, target=np.array(CLASSES)[bad.astype(int)], split=split)
    prepared = make_prepared(folder / "prepared", x=x, target=said, split=split)
    shutil.copy(folder / "sources/table.parquet", folder / "prepared/anchor.parquet")
    told = prepared.model_copy(update={"anchor": anchor})
    write_document(folder / "prepared/prepared.json", told)
    make_training(folder / "training", logistic=challenger)
    make_bundle(folder / "champion", **(LIE if challenger is TRUE else TRUE))
    (folder / "out").mkdir()
    return evaluate(
        Model(bootstrap=200),
        deploy=Deploy(),
        payoff=PAYOFF,
        prepared=folder / "prepared",
        training=folder / "training",
        out=folder / "out",
        champion=folder / "champion",
        guard=guard,
    )


def test_a_model_of_lies_is_refused_where_the_sources_say_otherwise(tmp_path: Path) -> None:
    got = judged(tmp_path, challenger=LIE, lies=True, guard=Guard())
    assert not got.promote
    assert got.comparisons[0].enough
    assert got.anchor is not None
    assert (got.anchor.rows, got.anchor.against, got.anchor.agrees) == (300, "champion", False)
    assert got.anchor.gain.value < 0 < got.comparisons[0].gain.value
    assert "disagree about who earns more" in " ".join(got.reasons)


@pytest.mark.parametrize(("anchor", "guard"), [(300, None), (99, Guard())])
def test_without_the_sources_say_it_would_be_promoted(
    tmp_path: Path, anchor: int, guard: Guard | None
) -> None:
    got = judged(tmp_path, challenger=LIE, lies=True, anchor=anchor, guard=guard)
    assert got.promote
    assert got.anchor is None


def test_where_both_agree_the_better_one_is_promoted(tmp_path: Path) -> None:
    got = judged(tmp_path, challenger=TRUE, lies=False, guard=Guard())
    assert got.promote
    assert got.anchor is not None
    assert got.anchor.agrees
    assert any("test rows that the sources label themselves" in reason for reason in got.reasons)
    assert got.reasons[-1].startswith("Promoted")


def test_rows_that_were_put_aside_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    judged(folder, challenger=TRUE, lies=False)
    path = folder / "prepared/prepared.json"
    finding = GuardFinding(rule="max_unknown", subject="", rows=100, passed=False, quarantined=7)
    document = read_document(path, Prepared)
    write_document(path, document.model_copy(update={"guard": [finding], "quarantined": 7}))
    (folder / "again").mkdir()
    got = evaluate(
        Model(bootstrap=100),
        deploy=Deploy(),
        payoff=PAYOFF,
        prepared=folder / "prepared",
        training=folder / "training",
        out=folder / "again",
    )
    assert got.reasons[0] == "7 feedback rows were put aside (max_unknown)."
