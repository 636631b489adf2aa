"""The interface by which long work reports its progress: the command line shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives reports of work that takes a while."""

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Report that a stage started, was cached, finished or failed, after `seconds`."""

    def step(self, done: int, total: int, text: str) -> None:
        """Report that `done` of `total` steps are done; `text` describes the current one."""

    def say(self, text: str) -> None:
        """Report an event as a line of text."""


class SilentProgress:
    """Ignores all reports."""

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Do nothing."""

    def step(self, done: int, total: int, text: str) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""
