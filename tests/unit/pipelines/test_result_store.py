"""A cached answer is used only while every byte of it is still there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mdlc.pipelines.cache.result_store import ResultStore, StageQuestion

QUESTION = StageQuestion(
    stage="training", code="c", parameters={"seed": "1"}, inputs={"table": "d"}
)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "cache")


@pytest.fixture
def artifact(tmp_path: Path, store: ResultStore) -> Path:
    folder = tmp_path / "artifacts" / "models"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_text("weights")
    store.put(QUESTION, outputs={"models": (folder, "system.Model")}, seconds=1.5)
    return folder


def test_what_was_put_is_found(store: ResultStore, artifact: Path) -> None:
    entry = store.get(QUESTION)
    assert entry is not None
    assert (entry.outputs["models"].path, entry.seconds) == (str(artifact), 1.5)
    assert store.referenced() == {str(artifact)}


def test_an_altered_artifact_is_a_miss(store: ResultStore, artifact: Path) -> None:
    (artifact / "model.onnx").write_text("weighty")
    assert store.get(QUESTION) is None
    assert store.why(QUESTION) == "its stored artifact is missing or altered"


def test_a_file_more_or_a_lost_folder_is_a_miss(store: ResultStore, artifact: Path) -> None:
    (artifact / "more").write_text("")
    assert store.get(QUESTION) is None
    shutil.rmtree(artifact)
    assert store.get(QUESTION) is None


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "\x00"])
def test_a_half_written_entry_is_a_miss(store: ResultStore, artifact: Path, content: str) -> None:
    (store.folder / f"{QUESTION.key}.json").write_text(content)
    (store.folder / "latest-training.json").write_text(content)
    assert store.get(QUESTION) is None
    assert store.latest("training") is None
    assert store.referenced() == set()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"inputs": {"table": "e"}}, "input table changed"),
        ({"parameters": {"seed": "2"}}, "parameter seed changed"),
        ({"parameters": {"seed": "1", "new": "1"}}, "parameter new changed"),
        ({"code": "x"}, "its code or a library changed"),
        (
            {"code": "x", "inputs": {"table": "e"}, "parameters": {}},
            "input table, parameter seed, its code or a library changed",
        ),
        ({"stage": "other"}, "it has not run yet"),
    ],
)
def test_why_there_is_no_answer(
    store: ResultStore, artifact: Path, changes: dict[str, str | dict[str, str]], why: str
) -> None:
    question = QUESTION.model_copy(update=changes)
    assert store.get(question) is None
    assert store.why(question) == why


def test_keys_do_not_know_the_order_of_parameters() -> None:
    one = QUESTION.model_copy(update={"parameters": {"a": "1", "b": "2"}})
    two = QUESTION.model_copy(update={"parameters": {"b": "2", "a": "1"}})
    assert one.key == two.key
