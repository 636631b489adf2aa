"""No import is overlooked: compared with Python's parser, and with what really loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import mdlc
from mdlc.pipelines.cache.import_graph import ImportGraph, passed_on, read_imports
from mdlc.pipelines.stage_arguments import STAGES

PACKAGE = Path(mdlc.__file__).parent
FILES = [path for folder in sorted(PACKAGE.iterdir()) for path in sorted(folder.rglob("*.py"))]
ROOMS = ("core", "components")


def parsed(source: str) -> set[tuple[str, str | None]]:
    """Return the imports of mdlc as Python's parser has them."""
    found: set[tuple[str, str | None]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {(a.name, None) for a in node.names if a.name.split(".")[0] == "mdlc"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "mdlc":
            found |= {(str(node.module), a.name) for a in node.names}
    return found


def test_the_scan_finds_what_the_parser_finds_in_every_file() -> None:
    assert len(FILES) > 300
    for path in FILES:
        source = path.read_text()
        assert parsed(source) <= set(read_imports(source)), path


@pytest.mark.parametrize(
    "source",
    [
        "from mdlc.core import files",
        "if x:\n\tfrom mdlc.core.files import (\n\t\ta as b,  # why, (and so on\n\t\tc,\n\t)\n",
        "def f():\n    import mdlc.core.files as f, mdlc.core.errors\n",
        "from mdlc.core.files import *",
        "from mdlc import core  # all of it",
        "import mdlc",
    ],
)
def test_the_scan_finds_every_form(source: str) -> None:
    assert set(read_imports(source)) == parsed(source)


def test_stages_and_core_import_by_no_other_way() -> None:
    """A name that is computed, a relative import or the root would escape the graph."""
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                assert called.split(".")[-1] not in {"import_module", "__import__"}, path
                assert not (isinstance(node, ast.ImportFrom) and node.level), path
            rooms = {name for source, name in read_imports(path.read_text()) if source == "mdlc"}
            assert all(name and (PACKAGE / name).is_dir() for name in rooms), path


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_really_loads_is_reached_but_for_what_packages_pass_on(stage: str) -> None:
    """Imported for real: what loads beside the modules reached is loaded by a list of names.

    Those are the root, which says mdlc's version, and mdlc.core.spec with the rules that it asks.
    """
    reached = set(ImportGraph(PACKAGE).reached(PACKAGE / "components" / stage))
    program = (
        "import importlib, json, sys\n"
        f"importlib.import_module('mdlc.components.{stage}.stage')\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('mdlc.')]))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(shown.stdout))
    beside = {name for name in loaded - reached if not is_transparent(name)}
    spec = {name for name in loaded if name.startswith("mdlc.core.spec.")}
    rules = {f"mdlc.core.{name}" for name in ("names", "plugins", "sql", "sql_functions")}
    assert beside <= {"mdlc.core.version", *rules, *spec}


def is_transparent(module: str) -> bool:
    path = PACKAGE.joinpath(*module.split(".")[1:]) / "__init__.py"
    return path.exists() and passed_on(path.read_text()) is not None


def test_a_package_that_does_more_than_pass_names_on_counts(tmp_path: Path) -> None:
    root = tmp_path / "mdlc"
    for file, text in {
        "core/kit/__init__.py": "from mdlc.core.kit.one import one\n"
        "from mdlc.core.kit.two import two\n",
        "core/kit/one.py": "one = 1\n",
        "core/kit/two.py": "from mdlc.core.three import three\ntwo = 2\n",
        "core/three.py": "three = 3\n",
        "stage/names.py": "from mdlc.core.kit import one\n",
        "whole/names.py": "from mdlc.core import kit\n",
    }.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    assert set(ImportGraph(root).reached(root / "stage")) == {
        "mdlc.stage.names",
        "mdlc.core.kit.one",
    }
    assert "mdlc.core.three" in ImportGraph(root).reached(root / "whole")
    with (root / "core/kit/__init__.py").open("a") as more:
        more.write("two.patched = True\n")
    assert "mdlc.core.three" in ImportGraph(root).reached(root / "stage")
