"""Progress of long work on a terminal, or as plain lines if there is no terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

MARKS = {"cached": "[dim]cached[/]", "finished": "[green]done[/]", "failed": "[red]failed[/]"}


class TerminalProgress:
    """Shows stages, steps and events on stderr; a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._stage = self._bar.add_task("", total=None, visible=False)
        self._walk = self._bar.add_task("", total=None, visible=False)

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Show a stage that runs, print a line for one that ended."""
        running = event == "started"
        self._bar.update(self._stage, description=stage, visible=running)
        if not running:
            took = f"{seconds:7.1f} s" if event != "cached" else "         "
            self._console.print(f"  {stage:<12} {took}  {MARKS[event]}")

    def step(self, done: int, total: int, text: str) -> None:
        """Show how many of `total` steps are done."""
        self._bar.update(
            self._walk, completed=done, total=total, description=escape(text), visible=True
        )

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(f"  {escape(text)}", soft_wrap=True)
