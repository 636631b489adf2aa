"""Feedback that lies does not become a model; a world that changes does.

Each test is a whole retraining through the pipeline: of a released model whose predictions were
labelled by clients, some of whom lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError
from mdlc.core.files import read_document
from mdlc.life.releases import require
from mdlc.pipelines.local.local_runner import runs
from mdlc.retraining.ledger import Ledger
from tests.life import Life, lived, settings

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
Row = dict[str, Any]
BY = settings("    guard: {by: [group]}\n")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A life whose sources end with the training: labels come by feedback alone."""
    with lived(tmp_path_factory.mktemp("alone"), BY, covered=False, rows_a_day=150) as life:
        yield life


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A life whose sources hold the later rows with their labels, too."""
    with lived(tmp_path_factory.mktemp("covered"), BY, covered=True) as life:
        yield life


def flip(row: Row, *, only: str = "") -> Row:
    other = {"bought": "left", "left": "bought"}
    if not only or row["answer"] == only:
        row["answer"] = other[row["answer"]]
    return row


def of_client_b(row: Row, _random: np.random.Generator) -> Row:
    return flip(row, only="bought") if row["group"] == "b" else row


def a_third(row: Row, random: np.random.Generator) -> Row:
    return flip(row, only="left") if random.random() < 0.3 else row


def noise(row: Row, random: np.random.Generator) -> Row:
    return flip(row) if random.random() < 0.02 else row


def made_up(row: Row, random: np.random.Generator) -> Row:
    if random.random() < 0.2:
        row |= {"id": f"invented-{row['id']}", "x": "3", "y": "3", "answer": "left"}
    return row


def other_features(row: Row, random: np.random.Generator) -> Row:
    if random.random() < 0.2:
        row |= {"x": str(float(row["x"]) + 1)}
    return row


def outcome(life: Life) -> Any:
    ledger = Ledger(life.workspace.ledger, retrain=life.lifecycle.spec.retrain, model="tiny")
    return ledger.all()[-1]


def prepared(life: Life) -> tuple[Prepared, Path]:
    folder = Path(runs(life.workspace)[-1].stages["preparation"].artifacts["table"])
    return read_document(folder / "prepared.json", Prepared), folder


def fails(life: Life, message: str) -> None:
    before = require(life.workspace)
    with pytest.raises(DataError, match=message) as caught:
        life.retrain()
    assert "not to be trusted" in str(caught.value)
    assert caught.value.hint
    assert require(life.workspace) == before
    assert outcome(life).outcome == "failed"
    assert "not to be trusted" in outcome(life).detail


def test_a_client_that_flips_all_of_a_class_fails_the_run(alone: Life) -> None:
    alone.serve(spoil=of_client_b)
    fails(alone, "max_flipped: .*with group b")


def test_a_third_of_a_class_flipped_fails_the_run(alone: Life) -> None:
    alone.serve(spoil=a_third)
    fails(alone, "max_flipped: .*class left.* flipped")


def test_noise_passes(alone: Life) -> None:
    alone.serve(spoil=noise)
    assert alone.retrain().verdict.outcome in {"promoted", "refused"}
    document, _ = prepared(alone)
    assert {f.rule for f in document.guard if f.rows} == {"max_flipped", "max_share", "max_gap"}
    untested = {f.rule for f in document.guard if not f.rows}
    assert untested == {"max_unknown", "max_differing", "max_contradicted"}
    assert all(f.passed for f in document.guard)


def test_a_changed_world_passes_and_is_promoted(tmp_path: Path) -> None:
    with lived(
        tmp_path, BY, covered=False, shift=lambda day: -0.5 if day < 32 else -3.5, rows_a_day=120
    ) as life:
        life.serve()
        before = require(life.workspace).version
        made = life.retrain()
        assert made.verdict.outcome == "promoted", made.verdict.detail
        assert require(life.workspace).version != before
        assert made.evaluation is not None
        assert made.evaluation.anchor is None


def test_made_up_rows_fail_the_run(covered: Life) -> None:
    covered.serve(spoil=made_up)
    fails(covered, "max_unknown: .*a key that the sources lack")


def test_other_features_than_the_sources_have_fail_the_run(covered: Life) -> None:
    covered.serve(spoil=other_features)
    fails(covered, "max_differing: .*most often x")


def test_labels_that_the_sources_contradict_fail_the_run(covered: Life) -> None:
    covered.serve(spoil=a_third)
    fails(covered, "max_(contradicted|flipped)")


def test_rows_in_question_are_put_aside_where_the_file_says_so(covered: Life) -> None:
    covered.serve(spoil=made_up)
    life = covered.edited(("guard: {by: [group]}", "guard: {by: [group], on_breach: drop}"))
    made = life.retrain()
    assert made.evaluation is not None
    assert any("feedback rows were put aside (max_unknown" in r for r in made.evaluation.reasons)
    document, folder = prepared(life)
    with duckdb.connect() as connection:
        ask = connection.execute
        aside = ask(f"SELECT __key, rules FROM '{folder}/quarantine.parquet'").fetchall()
        query = f"SELECT count(*) FROM '{folder}/table.parquet' WHERE __key LIKE 'invented%'"
        learnt = ask(query).fetchall()
    assert len(aside) == document.quarantined > 100
    assert all("invented" in key and "max_unknown" in rules for key, rules in aside)
    assert learnt == [(0,)]


def test_without_the_guard_the_sources_labels_still_refuse_a_liars_model(tmp_path: Path) -> None:
    """All labels flipped: the model of lies wins on lies, and loses on what the sources say."""
    off = ", ".join(
        f"max_{name}: null"
        for name in ("contradicted", "flipped", "share", "gap", "unknown", "differing")
    )
    with lived(
        tmp_path,
        settings(f"    window: 2d\n    guard: {{{off}}}\n"),
        covered=True,
    ) as life:
        life.serve(spoil=lambda row, _: flip(row))
        before = require(life.workspace)
        made = life.retrain()
        assert made.verdict.outcome == "refused"
        assert "disagree about who earns more" in made.verdict.detail
        assert made.evaluation is not None
        assert made.evaluation.anchor is not None
        assert not made.evaluation.anchor.agrees
        assert require(life.workspace) == before
