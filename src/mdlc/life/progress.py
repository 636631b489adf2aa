"""How long work tells what it does; the command line shows it, tests record it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told by work that takes a while."""

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Tell of a stage: started, cached, finished or failed."""

    def step(self, done: int, total: int, text: str) -> None:
        """Tell how far a long walk is."""

    def say(self, text: str) -> None:
        """Tell of something that happened."""


class SilentProgress:
    """Tells nobody."""

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Do nothing."""

    def step(self, done: int, total: int, text: str) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""
