"""docs/api.md is what tools/api_reference.py prints, and that has every public name and method."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import mdlc
from tests.unit.api.test_public_names import CLASSES, public_methods

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()


def section(name: str) -> str:
    """Return the page's part about a class."""
    start = PAGE.index(f"### `mdlc.{name}`")
    end = re.search(r"^##", PAGE[start + 4 :], re.MULTILINE)
    return PAGE[start : start + 4 + end.start()] if end else PAGE[start:]


def test_the_page_is_what_the_script_prints():
    script = [sys.executable, str(ROOT / "tools" / "api_reference.py")]
    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    again = ".venv/bin/python tools/api_reference.py > docs/api.md"
    assert printed == PAGE, f"docs/api.md is old; write it again: {again}"


def test_every_public_name_is_on_the_page():
    headings = re.findall(r"^### `mdlc\.(\w+)", PAGE, re.MULTILINE)
    assert sorted(headings) == sorted(set(mdlc.__all__) - {"errors"})
    listed = set(re.findall(r"`mdlc\.errors\.(\w+)`", PAGE))
    assert listed == set(mdlc.errors.__all__)


def test_every_public_method_is_in_its_classes_table():
    missing = []
    for name in CLASSES:
        rows = set(re.findall(r"^\| `(\w+)", section(name), re.MULTILINE))
        missing += [f"{name}.{m}" for m in public_methods(getattr(mdlc, name)) if m not in rows]
    assert missing == []


def test_every_verb_has_its_method():
    """But for those whose method has another name."""
    from mdlc.cli.main import app

    others = {
        "schema": "file_schema",
        "story": "trace",
        "doctor": "check_cluster",
        "trigger": "run_trigger",
        "controller": "run_controller",
        "render": "render_monitoring",
    }
    verbs = [command.name for command in app.registered_commands]
    verbs += [group.name for group in app.registered_groups]
    known = {*mdlc.__all__, *dir(mdlc.Lifecycle), *dir(mdlc.ClusterLifecycle)}
    assert [verb for verb in verbs if others.get(str(verb), verb) not in known] == []
