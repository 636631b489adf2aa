"""Candidates trained apart, and put together, are what one training makes of them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdlc.components.training.parts import assemble, extract, narrow
from mdlc.components.training.stage import train
from mdlc.core.bundle import open_bundle
from mdlc.core.documents.training_result import Contestant, Training
from mdlc.core.errors import ArtifactError, SpecError, StageError
from mdlc.core.files import digest_path, read_document
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Model
from mdlc.core.spec.monitor import Drift

KINDS = ["rule", "logistic", "lightgbm", "random_forest"]
MODEL = Model.model_validate(
    {"candidates": [*KINDS[:2], {"kind": "lightgbm", "params": {"num_leaves": 5}}, KINDS[3]]}
    | {"tuning": {"trials": 3}}
)


def contestants(kinds: list[str]) -> list[Contestant]:
    return [Contestant(kind=kind, deep=False) for kind in kinds]


def run(prepared: Path, out: Path, *, part: str = "", **changed: Any) -> Training:
    out.mkdir(parents=True)
    given = {"parity": 1e-4, "contestants": contestants(KINDS), **changed}
    return train(
        narrow(MODEL, kind=part) if part else MODEL,
        name="test",
        payoff=Payoff(right=1, wrong=-1),
        drift=Drift(bins=4),
        cleaning=[],
        prepared=prepared,
        out=out,
        part=part,
        **given,
    )


def timeless(training: Training) -> Any:
    """Return the document without what a clock said."""
    found = training.model_dump(exclude={"seconds": True})
    for candidate in found["candidates"]:
        del candidate["seconds"]
        for trial in candidate["trials"]:
            del trial["seconds"]
    return found


@pytest.fixture
def apart(make_prepared: Any, tmp_path: Path) -> tuple[Path, list[Path]]:
    """Return the table, and the parts in another order than the file's."""
    prepared = make_prepared()
    parts = [tmp_path / "parts" / kind for kind in reversed(KINDS)]
    for part in parts:
        run(prepared, part, part=part.name)
    return prepared, parts


def test_parts_make_the_whole_to_the_byte(apart: Any, tmp_path: Path) -> None:
    prepared, parts = apart
    whole = run(prepared, tmp_path / "whole")
    (tmp_path / "joined").mkdir()
    joined = assemble(parts, model=MODEL, contestants=contestants(KINDS), out=tmp_path / "joined")
    assert timeless(joined) == timeless(whole)
    assert read_document(tmp_path / "joined/training.json", Training) == joined
    same = [digest_path(tmp_path / name / "candidates") for name in ("joined", "whole")]
    assert same[0] == same[1]
    assert joined.seconds == pytest.approx(
        sum(read_document(part / "training.json", Training).seconds for part in parts)
    )


def test_a_part_is_taken_from_a_whole(apart: Any, tmp_path: Path) -> None:
    _, parts = apart
    whole = tmp_path / "whole"
    whole.mkdir()
    assemble(parts, model=MODEL, contestants=contestants(KINDS), out=whole)
    out = tmp_path / "out"
    out.mkdir()
    assert extract(whole, kind="logistic", out=out)
    taken = read_document(out / "training.json", Training)
    (part,) = [part for part in parts if part.name == "logistic"]
    assert timeless(taken) == timeless(read_document(part / "training.json", Training))
    assert open_bundle(out / "candidates/logistic")
    assert not extract(whole, kind="keras_mlp", out=out)


def test_a_refused_part_is_listed_and_none_left_is_an_error(
    make_prepared: Any, tmp_path: Path
) -> None:
    prepared, both = make_prepared(), contestants(["rule", "logistic"])
    parts = {}
    for kind, parity in (("rule", 1e-4), ("logistic", -1.0)):
        parts[kind] = tmp_path / kind
        made = run(prepared, parts[kind], part=kind, parity=parity, contestants=both)
        assert bool(made.candidates[0].refused) == (kind == "logistic")
    out = tmp_path / "out"
    out.mkdir()
    joined = assemble(list(parts.values()), model=MODEL, contestants=both, out=out)
    assert [bool(candidate.refused) for candidate in joined.candidates] == [False, True]
    assert not (out / "candidates/logistic").exists()
    with pytest.raises(StageError, match="no candidate can be served"):
        assemble([parts["logistic"]], model=MODEL, contestants=both[1:], out=tmp_path / "none")


def test_what_is_not_whole_is_refused(apart: Any, make_prepared: Any, tmp_path: Path) -> None:
    _, parts = apart
    given: dict[str, Any] = {"model": MODEL, "contestants": contestants(KINDS)}
    with pytest.raises(ArtifactError, match="not rule, logistic, lightgbm, random_forest"):
        assemble(parts[1:], out=tmp_path / "lacking", **given)
    with pytest.raises(ArtifactError, match="the parts are"):
        assemble([*parts, parts[0]], out=tmp_path / "twice", **given)
    other = tmp_path / "other"
    run(make_prepared("multiclass", rows=300), other, part="rule")
    with pytest.raises(ArtifactError, match="not trained on the same rows"):
        assemble([*parts[:-1], other], out=tmp_path / "mixed", **given)
    (parts[0] / "candidates/random_forest/model.onnx").write_bytes(b"another")
    with pytest.raises(ArtifactError):
        assemble(parts, out=tmp_path / "altered", **given)
    wrong = MODEL.model_validate({"candidates": [{"kind": "logistic", "params": {"Z": 1}}]})
    with pytest.raises(SpecError, match="no hyperparameter Z"):
        assemble(parts, model=wrong, contestants=contestants(KINDS), out=tmp_path / "wrong")
