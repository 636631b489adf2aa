"""The compiled pipeline is a plain Kubeflow one: the same bytes each time, nothing installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mdlc.core.steps import STEP_IMAGE
from mdlc.pipelines import compile_training as compiling
from mdlc.pipelines.cache.run_plan import producers, read_tasks

STAGES = {
    "business",
    "collection",
    "deployment",
    "evaluation",
    "exploration",
    "preparation",
    "selection",
    "training",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiling.compile_training(tmp_path_factory.mktemp("ir"), code="one")


@pytest.fixture(scope="module")
def ir(compiled: Path) -> dict[str, Any]:
    found: dict[str, Any] = next(iter(YAML(typ="safe").load_all(compiled.read_text())))
    return found


def test_the_same_source_gives_the_same_bytes(compiled: Path, tmp_path: Path) -> None:
    again = compiling.compile_training(tmp_path, code="one")
    assert again.read_bytes() == compiled.read_bytes()


def test_it_is_compiled_once_for_each_digest_of_the_code(
    compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = compiled.parent.parent
    stamp = compiled.stat().st_mtime_ns
    assert compiling.compile_training(folder, code="one") == compiled
    assert compiled.stat().st_mtime_ns == stamp
    assert compiling.compile_training(folder, code="two") != compiled


def test_kfp_reads_it_back(compiled: Path) -> None:
    from kfp import components

    component = components.load_component_from_file(str(compiled))
    assert component.pipeline_spec.pipeline_info.name == "mdlc-training"
    assert set(component.pipeline_spec.components) == {f"comp-{stage}" for stage in STAGES}


def test_every_step_runs_in_our_image_and_installs_nothing(ir: dict[str, Any]) -> None:
    executors = ir["deploymentSpec"]["executors"]
    assert len(executors) == len(STAGES)
    for executor in executors.values():
        container = executor["container"]
        assert container["image"] == STEP_IMAGE
        assert "pip install" not in " ".join(container["command"])


def test_it_knows_no_lifecycle(compiled: Path) -> None:
    text = compiled.read_text()
    for word in ("flight", "digits", str(Path.home()), "/work/"):
        assert word not in text


def test_tasks_come_after_what_they_read(compiled: Path) -> None:
    tasks = read_tasks(compiled)
    assert set(tasks) == STAGES
    seen: set[str] = set()
    for name, task in tasks.items():
        assert producers(task) <= seen
        seen.add(name)
