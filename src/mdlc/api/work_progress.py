"""Chooses where long work shows its progress: in a notebook, on a terminal, or nowhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from mdlc.life.progress import Progress, SilentProgress

Shown = Progress | bool | None
"""None: in a notebook or on a terminal, if there is one; True: else on stderr; False: nowhere."""


@contextlib.contextmanager
def shown(progress: Shown) -> Iterator[Progress]:
    """Yield the object to which long work reports its progress.

    Args:
        progress: None: show it in a notebook or on a terminal, if there is one; True: also print
            lines to stderr if there is neither, as the command line does; False: show nothing; or
            an object of the caller's own with the methods of `Progress`.
    """
    if progress is False:
        yield SilentProgress()
    elif progress is not None and progress is not True:
        yield progress
    elif in_notebook():
        from mdlc.api.notebook_progress import NotebookProgress

        yield NotebookProgress()
    elif progress or sys.stderr.isatty():
        from mdlc.api.terminal_progress import TerminalProgress

        with TerminalProgress() as terminal:
            yield terminal
    else:
        yield SilentProgress()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook, without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None
