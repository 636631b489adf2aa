"""Progress of long work in a notebook: one output below the cell, which is updated."""

from __future__ import annotations

import time
from html import escape
from typing import Any

REDRAW_SECONDS = 0.2
"""Least time between two updates by steps; stages and events are shown at once."""
SHOWN_EVENTS = 12
"""How many events are shown: the newest."""
MARKS = {"started": "runs", "cached": "cached", "finished": "done", "failed": "failed"}


class NotebookProgress:
    """Shows stages with their seconds, the current step, and events."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._stages: dict[str, tuple[str, float]] = {}
        self._events: list[str] = []
        self._walk: tuple[int, int, str] | None = None
        self._drawn = 0.0

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Show that a stage runs, is cached, has finished or failed."""
        self._stages[stage] = (event, seconds)
        self._draw()

    def step(self, done: int, total: int, text: str) -> None:
        """Show how many of `total` steps are done."""
        self._walk = (done, total, text)
        if done >= total or time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._draw()

    def say(self, text: str) -> None:
        """Show an event."""
        self._events.append(text)
        self._draw()

    def _draw(self) -> None:
        from IPython.display import HTML, display

        self._drawn = time.monotonic()
        shown = HTML(self.html())  # type: ignore[no-untyped-call]
        if self._handle is None:
            self._handle = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(shown)

    def html(self) -> str:
        """Return the output as HTML."""
        rows = "".join(
            f"<tr><td>{escape(stage)}</td><td>{MARKS[event]}</td>"
            f"<td>{'' if event in {'started', 'cached'} else f'{seconds:.1f} s'}</td></tr>"
            for stage, (event, seconds) in self._stages.items()
        )
        parts = [f"<table>{rows}</table>"] if rows else []
        if self._walk:
            done, total, text = self._walk
            parts.append(f'<progress value="{done}" max="{total}"></progress> {escape(text)}')
        if self._events:
            lines = "<br>".join(escape(event) for event in self._events[-SHOWN_EVENTS:])
            parts.append(f"<div>{lines}</div>")
        return "".join(parts)
