"""One question tells all of a prediction: answer, truth, money, model, data, and who learnt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.errors import DataError
from mdlc.core.files import read_document
from mdlc.life.prediction_trace import HIDDEN, trace_of
from mdlc.life.releases import require
from mdlc.pipelines.local.local_runner import runs
from tests import tiny
from tests.life import Life, lived, moment, settings

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    sensitive = ("identifiers: [id]", "identifiers: [id]\n    sensitive: [group]")
    folder = tmp_path_factory.mktemp("story")
    with lived(folder, settings(), sensitive, covered=False) as made:
        made.serve()
        made.retrain()
        yield made


def test_the_answer_and_what_it_earned(life: Life) -> None:
    row = life.later[-1]
    told = trace_of(life.lifecycle, workspace=life.workspace, id=row["id"])
    assert told.answer.time == moment(row["asked"])
    assert (told.answer.version, told.answer.role) == ("1", "champion")
    assert told.answer.features == {
        "x": float(row["x"]), "y": float(row["y"]), "group": HIDDEN
    }  # fmt: skip
    assert sum(told.answer.scores.values()) == pytest.approx(1, abs=1e-5)
    assert told.truth is not None
    assert (told.truth.label, told.truth.known) == (row["answer"], moment(row["known"]))
    price = {"act": {"bought": 2.0, "left": -1.0}, "wait": {"bought": 0.0, "left": 0.0}}
    assert told.truth.earned == price[told.answer.action][row["answer"]]


def test_the_run_and_the_data_of_its_model(life: Life) -> None:
    told = trace_of(life.lifecycle, workspace=life.workspace, id=life.later[0]["id"])
    first, *_ = runs(life.workspace)
    stages = {name: done.artifacts for name, done in first.stages.items()}
    snapshot = Path(next(iter(stages["collection"].values()))) / "snapshot.json"
    prepared = Path(next(iter(stages["preparation"].values()))) / "prepared.json"
    assert (told.origin.run, told.origin.kind) == (first.id, "training")
    assert told.origin.snapshot == read_document(snapshot, Snapshot).digest
    assert told.origin.table == read_document(prepared, Prepared).digest
    assert told.origin.until == read_document(prepared, Prepared).until
    assert told.origin.promoted is not None
    assert "earns" in told.origin.why
    assert told.origin.money_per_decision is not None


@pytest.mark.parametrize(("at", "use"), [(0, "train"), (-1, "test")])
def test_who_learnt_from_it(life: Life, at: int, use: str) -> None:
    told = trace_of(life.lifecycle, workspace=life.workspace, id=life.later[at]["id"])
    (learnt,) = told.learnt
    assert learnt.use == use
    assert learnt.promoted is not None
    assert learnt.promoted == (require(life.workspace).version != "1")
    assert learnt.until is not None
    assert learnt.begins is not None


def test_an_unknown_id_names_the_nearest(life: Life) -> None:
    with pytest.raises(DataError, match=r"no prediction of tiny has the id 18000; .*1800"):
        trace_of(life.lifecycle, workspace=life.workspace, id="18000")


def test_the_verb_tells_it_and_no_sensitive_value(life: Life) -> None:
    file, id = life.workspace.root / "lifecycle.yaml", life.later[0]["id"]
    home = life.workspace.home
    said = tiny.mdlc("story", file, id, "--home", home)
    assert said.returncode == 0, said.stderr
    for word in ("version 1", "then champion", "earned", "sources", "learnt: run", HIDDEN):
        assert word in said.stdout
    printed = tiny.mdlc("story", file, id, "--home", home, "--json")
    assert json.loads(printed.stdout)["answer"]["features"]["group"] == HIDDEN
    missing = tiny.mdlc("story", file, "nobody", "--home", home)
    assert missing.returncode == DataError.exit_code
    assert "no prediction of tiny has the id nobody" in missing.stderr
