"""A package that is not there, installed for one test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mdlc.core import plugins

KEY = """
from mdlc.core.spec.open_section import SectionKey


class Key(SectionKey):
    "What it is for."
    value = str
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one entry point; its module has the text `code`."""
    monkeypatch.syspath_prepend(tmp_path)

    def distribution(name: str, *, group: str, entry: str, code: str = KEY) -> None:
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry} = {module}:Key\n")
        added.append(module)
        plugins.forget()

    added: list[str] = []
    yield distribution
    monkeypatch.undo()
    for module in added:
        sys.modules.pop(module, None)
    plugins.forget()
