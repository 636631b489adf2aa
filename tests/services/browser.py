"""A report in a real browser: what it drew, and what went wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=30000",
)


@dataclass(frozen=True)
class Page:
    """What the browser made of a report."""

    figures: int
    """Plots that the file describes."""
    drawn: int
    """Plots that stand in the document after its scripts have run."""
    errors: list[str]
    """Script errors, and everything that the console says."""


def require() -> None:
    """Skip the test where there is no browser."""
    if BROWSER is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")


def opened(page: Path, *, width: int = 1280) -> Page:
    """Open the report at `page` in headless Chromium, in a window `width` pixels wide."""
    done = subprocess.run(
        [
            str(BROWSER),
            *FLAGS,
            f"--user-data-dir={page.parent / f'profile-{width}'}",
            f"--window-size={width},2000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    root = re.search(r"<html[^>]*>", done.stdout)
    assert root is not None, "the page is empty"
    told = dict(re.findall(r'data-(\w+)="([^"]*)"', root.group()))
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Page(
        figures=page.read_text("utf-8").count('<script type="application/json"'),
        drawn=len(re.findall(r'class="plot js-plotly-plot"', done.stdout)),
        errors=[*console, *([told["errors"]] if told.get("errors") else [])],
    )
