"""The report in a real browser: every plot is drawn, no script fails, nothing is blocked."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mdlc.monitoring.report import build
from tests.unit.monitoring.report import synthetic

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=30000",
]  # fmt: skip

pytestmark = [
    pytest.mark.services,
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]


def opened(page: Path, *, width: int) -> tuple[str, list[str]]:
    """Return the document after its scripts have run, and what the console says."""
    profile = page.parent / f"profile-{width}"
    done = subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},2000",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


CASES = [
    (synthetic.flights, 1280),
    (synthetic.flights, 390),
    (synthetic.digits, 1280),
    (synthetic.demand, 1280),
    (synthetic.empty, 390),
]


@pytest.mark.parametrize(("made", "width"), CASES)
def test_every_plot_is_drawn_without_an_error(tmp_path: Path, made: object, width: int) -> None:
    assert callable(made)
    page = tmp_path / "report.html"
    build(made(), out=page)
    dom, console = opened(page, width=width)
    root = re.search(r"<html[^>]*>", dom)
    assert root is not None
    told = dict(re.findall(r'data-(\w+)="([^"]*)"', root.group()))
    expected = page.read_text("utf-8").count('<script type="application/json"')
    assert told == {"plots": str(expected), "drawn": str(expected), "errors": ""}
    assert len(re.findall(r'class="plot js-plotly-plot"', dom)) == expected
    assert console == []
