"""The report in a real browser: every plot is drawn, no script fails, nothing is blocked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mdlc.monitoring.report import ReportInput, build
from tests.services import browser
from tests.unit.monitoring.report import synthetic

pytestmark = [pytest.mark.services, pytest.mark.slow]
CASES = [
    (synthetic.flights, 1280),
    (synthetic.flights, 390),
    (synthetic.digits, 1280),
    (synthetic.demand, 1280),
    (synthetic.empty, 390),
]


@pytest.mark.parametrize(("made", "width"), CASES)
def test_every_plot_is_drawn_without_an_error(
    tmp_path: Path, made: Callable[[], ReportInput], width: int
) -> None:
    browser.require()
    page = tmp_path / "report.html"
    build(made(), out=page)
    seen = browser.opened(page, width=width)
    assert seen.errors == []
    assert seen.drawn == seen.figures


def test_a_script_error_is_seen(tmp_path: Path) -> None:
    """The test above could fail."""
    browser.require()
    page = tmp_path / "report.html"
    build(synthetic.demand(), out=page)
    text = page.read_text("utf-8")
    page.write_text(
        text.replace('<script type="application/json"', '<script type="application/json">{', 1)
    )
    seen = browser.opened(page)
    assert seen.errors or seen.drawn < seen.figures
