"""The public names are one list; `import mdlc` is light; each name is described with an example."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import mdlc
from tests.unit.cli.test_verbs import HEAVY

LOADS = "import sys, json; before = set(sys.modules); import mdlc; "
CLASSES = [n for n in mdlc.__all__ if inspect.isclass(getattr(mdlc, n))]
PLAIN = {"errors"}


def loaded(program: str) -> list[str]:
    shown = subprocess.run(
        [sys.executable, "-c", LOADS + program + "; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        check=True,
    )
    found: list[str] = json.loads(shown.stdout)
    return found


def test_importing_mdlc_imports_its_version_and_nothing_else() -> None:
    modules = loaded("pass")
    assert {name for name in modules if name.startswith("mdlc.")} == {
        "mdlc.core",
        "mdlc.core.version",
    }
    assert not {name.partition(".")[0] for name in modules} & {*HEAVY, "typer", "rich", "asyncio"}


def test_the_errors_are_light_too() -> None:
    heads = {name.partition(".")[0] for name in loaded("mdlc.errors.DataError")}
    assert not heads & HEAVY


def test_type_checkers_read_the_list_that_is_looked_up() -> None:
    """The imports under TYPE_CHECKING are for mypy; `__all__` is what a program finds."""
    tree = ast.parse(Path(mdlc.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in guarded.body if isinstance(node, ast.ImportFrom)]
    typed = {alias.name: node.module for node in imports for alias in node.names}
    assert typed.pop("errors") == "mdlc"
    assert typed == mdlc._MODULES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute Lifecycel"):
        mdlc.Lifecycel  # noqa: B018
    assert set(mdlc.__all__) <= set(dir(mdlc))


def test_every_public_name_and_method_is_described_with_an_example() -> None:
    silent = []
    for name in set(mdlc.__all__) - PLAIN:
        value = getattr(mdlc, name)
        if not inspect.getdoc(value):
            silent.append(name)
        if not inspect.isclass(value):
            silent += [] if "Example:" in (value.__doc__ or "") else [f"{name}: example"]
            continue
        for method in public_methods(value):
            text = inspect.getdoc(getattr(value, method)) or ""
            callable_ = callable(getattr(value, method))
            if not text or (callable_ and "Example:" not in text and method != "parts"):
                silent.append(f"{name}.{method}")
    assert silent == []


def public_methods(kind: type) -> list[str]:
    """Methods and properties that mdlc itself gives a class, not those of pydantic."""
    found = []
    for name, value in inspect.getmembers(kind):
        if name.startswith("_") or name in dir(BaseModel):
            continue
        if inspect.isfunction(value) or isinstance(value, property):
            found.append(name)
    return found
