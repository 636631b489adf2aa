"""A stage gets its own part of the file, so that a change re-runs only what reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.spec import Data, load
from mdlc.pipelines.cache.run_plan import read_tasks
from mdlc.pipelines.compile_training import compile_training
from mdlc.pipelines.stage_arguments import Arguments, Renewal, arguments
from mdlc.state.workspace import workspace_of
from tests import tiny
from tests.unit.bundles import make_bundle


def asked(folder: Path, *edits: tuple[str, str], **renewal: Any) -> Arguments:
    file = tiny.write_file(folder, *edits)
    lifecycle = load(file)
    workspace = workspace_of(lifecycle, file=file, home=folder / "home")
    return arguments(lifecycle, workspace=workspace, renewal=Renewal(**renewal))


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Argument -> the stages that are handed it."""
    tasks = read_tasks(compile_training(tmp_path_factory.mktemp("ir"), code="test"))
    found: dict[str, set[str]] = {}
    for stage, task in tasks.items():
        for source in task["inputs"].get("parameters", {}).values():
            found.setdefault(source["componentInputParameter"], set()).add(stage)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.write_rows(tmp_path / "rows.csv", days=2)
    return tmp_path


@pytest.mark.parametrize(
    ("edit", "stages"),
    [
        (("decisions_per_year: 10000", "decisions_per_year: 9"), {"business", "selection"}),
        (("bought: 2.0", "bought: 3"), {"business", "selection", "training", "evaluation"}),
        (("csv: rows.csv", "csv: rows.csv\n        header: true"), set()),
        (
            ("csv: rows.csv", "csv: rows.csv\n        nulls: [x]"),
            {"collection", "preparation", "selection"},
        ),
        (
            ("csv: rows.csv", "csv: rows.csv\n        rename: {x: z}"),
            {"collection", "preparation", "selection"},
        ),
        (
            ("csv: rows.csv", "csv: rows.csv\n        where: x > 0"),
            {"preparation", "selection"},
        ),
        (("features: [x, y, group]", "features: [x]"), {"business", "preparation", "selection"}),
        (
            ("identifiers: [id]", "identifiers: [id]\n    sensitive: [group]"),
            {"business", "collection", "preparation", "exploration", "selection"},
        ),
        (("  model:\n", "  explore: {clip_quantile: 0.01}\n  model:\n"), {"exploration"}),
        (("candidates: [logistic]", "candidates: [lightgbm]"), {"selection", "training"}),
        (("trials: 1,", "trials: 2,"), {"training"}),
        (("test: 5d", "test: 6d"), {"preparation"}),
        (("bootstrap: 100", "bootstrap: 200"), {"evaluation"}),
        (("bootstrap: 100", "bootstrap: 100\n    slices: [group]"), {"preparation", "evaluation"}),
        (("bootstrap: 100", "bootstrap: 100\n    seed: 5"), {"training", "evaluation"}),
        (("confidence: 0.6", "confidence: 0.7"), {"evaluation"}),
        (("confidence: 0.6", "parity: 0.1"), {"training", "evaluation"}),
        (("confidence: 0.6}", "confidence: 0.6}\n    serving: {port: 9}"), set()),
        (("  retrain:\n", "  monitor: {window: 1d}\n  retrain:\n"), set()),
        (("  retrain:\n", "  monitor: {drift: {bins: 5}}\n  retrain:\n"), {"training"}),
        (("max_per_month: 0", "max_per_month: 5"), set()),
        (("max_per_month: 0", "half_life: 9d"), set()),
        (("max_per_month: 0", "guard: {z: 3}"), set()),
        (("  name: tiny", "  name: other"), {"training", "deployment"}),
    ],
)
def test_a_change_reaches_only_the_stages_that_read_it(
    folder: Path, readers: dict[str, set[str]], edit: tuple[str, str], stages: set[str]
) -> None:
    before, after = asked(folder), asked(folder, edit)
    changed = {name for name in before if before[name] != after[name]}
    assert set().union(*(readers[name] for name in changed)) == stages


def test_every_argument_is_read_by_some_stage(folder: Path, readers: dict[str, set[str]]) -> None:
    told_by_the_runner = {"earlier"}
    assert set(asked(folder)) | told_by_the_runner == set(readers)


def test_changed_bytes_of_a_source_reach_collection_alone(
    folder: Path, readers: dict[str, set[str]]
) -> None:
    before = asked(folder)
    with (folder / "rows.csv").open("a") as file:
        file.write("999,2026-01-02 23:00:00,2026-01-02 23:30:00,0.5,a,left,1\n")
    after = asked(folder)
    changed = {name for name in before if before[name] != after[name]}
    assert set().union(*(readers[name] for name in changed)) == {"collection"}


def test_a_renewal_adds_digests_of_what_it_names(folder: Path) -> None:
    manifest = make_bundle(folder / "bundle")
    until = datetime(2026, 1, 5, tzinfo=UTC)
    feedback = folder / "rows.csv"
    bundle = folder / "bundle"
    after = asked(folder, until=until, feedback=feedback, warm=bundle, champion=bundle)
    assert after["until"] == until.isoformat()
    assert after["warm_digest"] == after["champion_digest"] == manifest.digest
    assert len(str(after["feedback_digest"])) == 64
    assert not any(asked(folder)[name] for name in ("until", "warm_digest", "feedback"))


@pytest.mark.parametrize(
    ("edit", "stages"),
    [
        ("half_life: 9d", {"training"}),
        ("guard: {z: 3}", {"preparation", "evaluation"}),
        ("guard: null", {"preparation", "evaluation"}),
    ],
)
def test_what_is_learnt_from_feedback_is_only_for_retrainings(
    folder: Path, readers: dict[str, set[str]], edit: str, stages: set[str]
) -> None:
    feedback = folder / "rows.csv"
    before = asked(folder, feedback=feedback)
    after = asked(folder, ("max_per_month: 0", edit), feedback=feedback)
    changed = {name for name in before if before[name] != after[name]}
    assert set().union(*(readers[name] for name in changed)) == stages


def test_collection_is_handed_every_key_that_says_how_a_source_is_read(folder: Path) -> None:
    """With `rename` left out, a run refused the very names that the file renames."""
    keys = (
        "rename: {a b: x}\n        columns: [a b]\n        delimiter: ;\n        decimal: ','\n"
        "        encoding: cp1252\n        skip: 1\n        date_format: '%d.%m.%Y'"
    )
    found = asked(folder, ("csv: rows.csv", f"csv: rows.csv\n        {keys}"))
    handed = Data.model_validate_json(str(found["sources"])).sources["rows"]
    assert (handed.rename, handed.columns, handed.skip) == ({"a b": "x"}, ["a b"], 1)
    assert (handed.delimiter, handed.decimal, handed.encoding) == (";", ",", "cp1252")
    assert handed.date_format == "%d.%m.%Y"
