"""Progress is shown where somebody looks, and nowhere else unless asked for."""

from __future__ import annotations

import pytest

from mdlc.api.notebook_progress import NotebookProgress
from mdlc.api.terminal_progress import TerminalProgress
from mdlc.api.work_progress import shown
from mdlc.life.progress import SilentProgress


def test_without_a_terminal_or_notebook_nothing_is_shown() -> None:
    """Standard error of a test is no terminal."""
    with shown(None) as told:
        assert isinstance(told, SilentProgress)


def test_lines_are_shown_where_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(True) as told:
        assert isinstance(told, TerminalProgress)
        told.say("a [line]")
    assert "a [line]" in capsys.readouterr().err


def test_a_progress_of_ones_own_is_told() -> None:
    class Mine(SilentProgress):
        pass

    mine = Mine()
    with shown(mine) as told:
        assert told is mine


def test_a_notebook_shows_stages_walk_and_events() -> None:
    pytest.importorskip("IPython")
    progress = NotebookProgress()
    progress._draw = lambda: None  # type: ignore[method-assign] # there is no cell here
    progress.stage("training", "started", 0)
    progress.stage("collection", "cached", 0)
    progress.stage("training", "finished", 7.25)
    progress.step(3, 10, "2026-01-03 <v1>")
    progress.say("an alert & more")
    html = progress.html()
    assert "<td>training</td><td>done</td><td>7.2 s</td>" in html
    assert html.count("<tr>") == 2
    assert '<progress value="3" max="10"></progress> 2026-01-03 &lt;v1&gt;' in html
    assert "an alert &amp; more" in html
