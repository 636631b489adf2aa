"""The rendered files of the first example are committed: a change to any shows in a review.

Of the operator's objects only those are kept that are not copies of plain files;
`test_render_monitoring` compares the others with them.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from mdlc.core.files import write_bytes
from mdlc.core.spec import load
from mdlc.monitoring.render.render_monitoring import render
from mdlc.monitoring.render.render_options import check_options

ROOT = Path(__file__).parents[4]
GOLDEN = ROOT / "tests" / "golden" / "monitoring" / "01-flight-delays"
COPIES = (".prometheusrule.yaml", ".configmap.yaml")
AGAIN = "MDLC_GOLDEN=write .venv/bin/python -m pytest tests/unit/monitoring/render/test_golden.py"


def test_the_first_example_renders_as_committed() -> None:
    one = load(ROOT / "examples" / "01-flight-delays" / "lifecycle.yaml")
    options = check_options([one.name], namespace="models", trigger_url="http://localhost:8090")
    made = {
        name: content
        for name, content in render([one], options=options).items()
        if not name.endswith(COPIES)
    }
    if os.environ.get("MDLC_GOLDEN") == "write":
        for old in [path for path in GOLDEN.rglob("*") if path.is_file()]:
            old.unlink()
        for name, content in made.items():
            write_bytes(GOLDEN / name, content)
    kept = {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes()
        for path in GOLDEN.rglob("*")
        if path.is_file()
    }
    changed = [name for name in sorted({*kept, *made}) if kept.get(name) != made.get(name)]
    shown = "\n".join(
        line[:200]
        for name in changed
        for line in list(
            difflib.unified_diff(
                kept.get(name, b"").decode().splitlines(),
                made.get(name, b"").decode().splitlines(),
                fromfile=f"committed/{name}",
                tofile=f"rendered/{name}",
                lineterm="",
            )
        )[:20]
    )
    assert not changed, f"rendered otherwise than committed; if that is meant: {AGAIN}\n{shown}"
