"""The record of a rehearsal of the loop: rehearsal.json."""

from __future__ import annotations

from datetime import datetime

from mdlc.core.files import Document


class RehearsalStep(Document):
    """One step of the loop."""

    name: str
    """drift, detect, hold, alert, prepare, train, gate, release, serve, resolve."""
    title: str
    seconds: float
    """Time since the previous step."""
    at: datetime
    """When it was done."""
    detail: str = ""


class RehearsalRecord(Document):
    """One rehearsal, from the first row until the last alert is resolved."""

    name: str
    started: datetime
    seconds: float
    drifted: bool
    """Whether drift was injected."""
    day_seconds: float
    """Real seconds for one day of the file's monitoring."""
    predictions: int
    labels: int
    requests: int
    failed_requests: list[str]
    """One line for each failed request; at most the first twenty."""
    slowest_seconds: float
    """The longest time that a client waited for an answer."""
    false_alarms: list[str]
    """Alerts (except those of severity info) that fired before the drift began."""
    alerts: list[str]
    """Alerts that fired after the drift."""
    retrainings: int
    promoted: str
    """The version that replaced the first; "" if none did."""
    steps: list[RehearsalStep]
    problems: list[str]
    """What went wrong; [] if the whole loop worked."""

    @property
    def passed(self) -> bool:
        """Whether nothing went wrong."""
        return not self.problems
