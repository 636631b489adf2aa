"""A plan asks the same questions as a run, and says why a stage has to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.core.files import digest_json, digest_path
from mdlc.pipelines.cache.code_digests import stage_code
from mdlc.pipelines.cache.result_store import ResultStore, StageQuestion
from mdlc.pipelines.cache.run_plan import make_plan, producers, read_tasks
from mdlc.pipelines.compile_training import compile_training
from mdlc.pipelines.stage_arguments import Arguments

OUTPUTS = {
    "business": "case",
    "collection": "snapshot",
    "preparation": "table",
    "exploration": "findings",
    "selection": "contest",
    "training": "models",
    "evaluation": "verdict",
    "deployment": "release",
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_training(tmp_path_factory.mktemp("ir"), code="test")


@pytest.fixture
def asked(pipeline: Path) -> Arguments:
    return {
        source["componentInputParameter"]: f"{name}"
        for task in read_tasks(pipeline).values()
        for name, source in task["inputs"].get("parameters", {}).items()
    }


def answer(store: ResultStore, *, pipeline: Path, asked: Arguments, stages: set[str]) -> None:
    """Put what `stages` would have written into the store, as a run does."""
    written: dict[str, Path] = {}
    for name, task in read_tasks(pipeline).items():
        if name not in stages:
            continue
        folder = store.folder.parent / name
        folder.mkdir(exist_ok=True)
        (folder / "document.json").write_text(name)
        inputs = {
            key: digest_path(written[source["taskOutputArtifact"]["producerTask"]])
            for key, source in task["inputs"].get("artifacts", {}).items()
        }
        parameters = {
            key: digest_json(asked[source["componentInputParameter"]])
            for key, source in task["inputs"].get("parameters", {}).items()
        }
        question = StageQuestion(
            stage=name, code=stage_code(name), parameters=parameters, inputs=inputs
        )
        store.put(question, outputs={OUTPUTS[name]: (folder, "system.Artifact")}, seconds=2)
        written[name] = folder


def test_at_first_the_sources_run_and_the_rest_depends(
    pipeline: Path, asked: Arguments, tmp_path: Path
) -> None:
    plan, entries = make_plan(pipeline, arguments=asked, store=ResultStore(tmp_path / "cache"))
    states = {stage.stage: stage.state for stage in plan.stages}
    assert entries == {}
    assert {name for name, state in states.items() if state == "run"} == {"business", "collection"}
    assert set(states.values()) == {"run", "depends"}
    assert not plan.done


def test_all_cached_is_done(pipeline: Path, asked: Arguments, tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "cache")
    answer(store, pipeline=pipeline, asked=asked, stages=set(read_tasks(pipeline)))
    plan, entries = make_plan(pipeline, arguments=asked, store=store)
    assert plan.done
    assert set(entries) == {stage.stage for stage in plan.stages}


def test_a_changed_parameter_is_named_and_what_follows_depends(
    pipeline: Path, asked: Arguments, tmp_path: Path
) -> None:
    store = ResultStore(tmp_path / "cache")
    answer(store, pipeline=pipeline, asked=asked, stages=set(read_tasks(pipeline)))
    plan, _ = make_plan(pipeline, arguments=asked | {"train_model": "other"}, store=store)
    found = {stage.stage: (stage.state, stage.why) for stage in plan.stages}
    assert found["training"] == ("run", "parameter model changed")
    assert found["evaluation"] == ("depends", "reads what training will write")
    assert found["deployment"] == ("depends", "reads what evaluation and training will write")
    assert {name for name, (state, _) in found.items() if state == "cached"} == {
        *("business", "collection", "preparation", "exploration", "selection")
    }


def test_producers_are_the_stages_read_from(pipeline: Path) -> None:
    tasks = read_tasks(pipeline)
    assert producers(tasks["collection"]) == set()
    assert producers(tasks["training"]) == {"preparation", "exploration", "selection"}
