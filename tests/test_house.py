"""The rules of the house that no linter counts, each exception with its reason."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.load import _models

ROOT = Path(__file__).parent.parent
ROOMS = ("src/mdlc", "components", "pipelines", "serving", "monitoring")
MAX_FILE, MAX_FUNCTION = 300, 50
LONG_FUNCTIONS = {
    "pipelines/training_pipeline.py:training": "kfp wants each argument spelled out, twice",
    "components/training/component.py:training": "its inputs are its arguments, each described",
    "pipelines/kubeflow/fused_components.py:front": "five stages' arguments, spelled out",
    "pipelines/kubeflow/fused_components.py:back": "three stages' arguments, spelled out",
}
STAGES = sorted(p.parent for p in (ROOT / "components").glob("*/stage.py"))


def files() -> list[Path]:
    """Every tracked or new Python file of the rooms, without following the links in src."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *ROOMS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = [ROOT / name for name in listed.stdout.split() if name.endswith(".py")]
    return [path for path in found if path.is_file()]


def trees() -> Iterator[tuple[str, ast.Module, int]]:
    for path in files():
        text = path.read_text()
        yield path.relative_to(ROOT).as_posix(), ast.parse(text), text.count("\n")


def test_there_is_a_house() -> None:
    assert len(files()) > 100
    assert len(STAGES) == 8


def test_files_have_at_most_300_lines() -> None:
    assert {name: lines for name, _, lines in trees() if lines > MAX_FILE} == {}


def test_functions_have_at_most_50_lines() -> None:
    """Counted from `def` to the last line, without the docstring's lines."""
    long: dict[str, int] = {}
    for name, tree, _ in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1  # type: ignore[operator]
                first = node.body[0]
                if ast.get_docstring(node) is not None:
                    lines -= first.end_lineno - first.lineno + 1  # type: ignore[operator]
                if lines > MAX_FUNCTION:
                    long[f"{name}:{node.name}"] = lines
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}


def test_every_module_and_public_name_says_what_it_is() -> None:
    silent = []
    for name, tree, _ in trees():
        if ast.get_docstring(tree) is None and tree.body:
            silent.append(name)
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                continue
            if not node.name.startswith("_") and ast.get_docstring(node) is None:
                silent.append(f"{name}:{node.name}")
    assert silent == []


def test_nothing_prints() -> None:
    printing = [
        f"{name}:{node.lineno}"
        for name, tree, _ in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


def test_nothing_is_unpickled() -> None:
    banned = {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
    found = [
        f"{name}:{node.lineno}"
        for name, tree, _ in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {a.name.partition(".")[0] for a in node.names} & banned
    ]
    assert found == []


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_stage_has_its_parts(stage: Path) -> None:
    for part in ("README.md", "__init__.py", "component.py", "stage.py"):
        assert (stage / part).is_file()
    text = (stage / "README.md").read_text()
    assert "| error |" in text or "| failure |" in text or "## Failures" in text
    assert (ROOT / "tests/unit/components" / stage.name).is_dir()


def keys(model: type[BaseModel], place: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        at = f"{place}.{field.alias or name}".lstrip(".")
        inner = _models(field.annotation)
        yield at, (field, model, inner)
        for part in inner:
            yield from keys(part, at)


def test_every_key_of_the_file_says_what_it_means() -> None:
    """By its own description, by its section's docstring naming it, or by a section of its own."""
    silent = []
    for place, (field, model, inner) in keys(Lifecycle):
        name = place.rpartition(".")[2]
        words = (model.__doc__ or "").replace("`", " ").replace(",", " ").split()
        if not (field.description or inner or name in words):
            silent.append(place)
    assert silent == []
