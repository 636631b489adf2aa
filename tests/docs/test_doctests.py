"""The examples in docstrings hold. Only modules that have some are imported."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
# rglob does not follow the links to the rooms.
ROOMS = [folder for folder in (SOURCE / "mdlc").iterdir() if folder.is_dir()]
FILES = sorted(file for room in ROOMS for file in room.resolve().rglob("*.py"))
PLACES = {room.resolve(): room.name for room in ROOMS}


def name_of(file: Path) -> str:
    """Return the module's name, such as mdlc.core.errors."""
    room = next(place for place in PLACES if file.is_relative_to(place))
    parts = file.relative_to(room).with_suffix("").parts
    return ".".join(("mdlc", PLACES[room], *parts)).removesuffix(".__init__")


MODULES = [name_of(file) for file in FILES if ">>> " in file.read_text()]


def test_there_are_examples():
    assert "mdlc.core.errors" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_docstring_examples_hold(module: str):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted, f"{module} has >>> but no example that doctest finds"
    assert not result.failed
