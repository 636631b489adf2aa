"""The rules of the house that no linter counts, each exception with its reason."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
from collections import Counter
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
    "components/training/component.py:training": "its inputs are its arguments, each described",
}
PATTERNS = {"__init__.py", "__main__.py", "stage.py", "component.py", "_base.py"}
"""Files that every stage or every registry of strategies has under the same name."""
PUBLIC = {"errors.py", "lifecycle.py", "Lifecycle"}
"""What `import mdlc` gives is called as users expect, though core has a namesake."""
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


def test_a_file_is_known_by_its_name_alone() -> None:
    """A stack trace, a tab of an editor or a search shows the name without its folder."""
    names = Counter(
        path.name
        for path in files()
        # A verb's file is named after the verb, a section's after the key of the file.
        if path.name not in PATTERNS and path.parent.name != "cli"
    )
    assert {name for name, count in names.items() if count > 1} - PUBLIC == set()


def test_a_class_is_known_by_its_name_alone() -> None:
    names = Counter(
        node.name
        for _, tree, _ in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} - PUBLIC == set()


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


def layers() -> dict[str, int]:
    """Package of mdlc -> its height, as .importlinter has it."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    lines = config["importlinter:contract:layers"]["layers"].split("\n")
    rows = [[name.strip() for name in line.split("|")] for line in lines if line.strip()]
    return {name: -row for row, names in enumerate(rows) for name in names}


def named_above(tree: ast.Module, *, package: str, heights: dict[str, int]) -> list[str]:
    """Return the modules of higher layers that strings name; prose may, in a docstring."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    text = " ".join(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    )
    found = re.findall(r"\bmdlc\.(\w+)", text)
    return [name for name in found if name in heights and heights[name] > heights[package]]


def test_no_string_names_a_module_of_a_higher_layer() -> None:
    """`python -m` and import_module take names: an import that import-linter cannot see."""
    heights = layers()
    found = {}
    for name, tree, _ in trees():
        package = name.removeprefix("src/mdlc/").partition("/")[0]
        if package in heights and (above := named_above(tree, package=package, heights=heights)):
            found[name] = above
    assert found == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('RELEASE = "mdlc.cluster.release_step"', ["cluster"]),
        ('run([f"python -m mdlc.life.{name}"])', ["life"]),
        ('"""The steps are in mdlc.cluster."""', []),
        ('import_module(f"mdlc.components.{stage}.component")', []),
        ('KIND = "mdlc.dev/v1alpha1"', []),
    ],
)
def test_a_string_that_names_one_is_found(code: str, found: list[str]) -> None:
    heights = layers()
    assert named_above(ast.parse(code), package="pipelines", heights=heights) == found


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
