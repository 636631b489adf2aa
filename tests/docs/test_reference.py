"""docs/file.md is what tools/file_reference.py prints: it cannot fall behind the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_file_reference_is_what_the_script_prints():
    script = [sys.executable, str(ROOT / "tools" / "file_reference.py")]
    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    written = (ROOT / "docs" / "file.md").read_text()
    again = ".venv/bin/python tools/file_reference.py > docs/file.md"
    assert written == printed, f"docs/file.md is old; write it again: {again}"
