"""The report of a lifecycle: one self-contained HTML page, which a notebook displays."""

from __future__ import annotations

from html import escape
from pathlib import Path

HEIGHT = 900
"""Pixels of the frame in a notebook."""


class Report:
    """A report that was written; a notebook displays the page in a frame.

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
        # Sandboxed, so that the page's scripts cannot reach the notebook's.
        return (
            f'<iframe srcdoc="{escape(self.html, quote=True)}" sandbox="allow-scripts" '
            f'style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
        )
