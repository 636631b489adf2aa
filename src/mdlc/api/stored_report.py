"""The report of a life: one self-contained HTML page, which shows itself in a notebook."""

from __future__ import annotations

from html import escape
from pathlib import Path

HEIGHT = 900
"""Pixels of the frame in a notebook."""


class Report:
    """A report that was written; a notebook shows the page in a frame of its own.

    Example:
        lifecycle.report().path
        # PosixPath('/home/me/.mdlc/flights/report.html')
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """The page's file."""

    def __repr__(self) -> str:
        return f"Report({str(self.path)!r})"

    @property
    def html(self) -> str:
        """The page as text."""
        return self.path.read_text("utf-8")

    def _repr_html_(self) -> str:
        # Sandboxed: the page has scripts of its own, which have no business with the notebook's.
        return (
            f'<iframe srcdoc="{escape(self.html, quote=True)}" sandbox="allow-scripts" '
            f'style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
        )
