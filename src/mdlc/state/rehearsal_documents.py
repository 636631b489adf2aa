"""What a rehearsal of the loop saw: rehearsal.json."""

from __future__ import annotations

from datetime import datetime

from mdlc.core.files import Document


class RehearsalStep(Document):
    """One step of the loop."""

    name: str
    """drift, detect, hold, alert, prepare, train, gate, release, serve, resolve."""
    title: str
    seconds: float
    """From the step before."""
    at: datetime
    """When it had been done."""
    detail: str = ""


class RehearsalRecord(Document):
    """One rehearsal, from the first row to the last alert's end."""

    name: str
    started: datetime
    seconds: float
    drifted: bool
    """Whether drift was injected."""
    day_seconds: float
    """How long one day of the file's monitoring took."""
    predictions: int
    labels: int
    requests: int
    failed_requests: list[str]
    """One line each, the first twenty."""
    slowest_seconds: float
    """The longest that a client waited for an answer."""
    false_alarms: list[str]
    """Alerts, but for those of severity info, that fired while nothing had drifted."""
    alerts: list[str]
    """Alerts that fired after the drift."""
    retrainings: int
    promoted: str
    """The version that replaced the first; "" if none did."""
    steps: list[RehearsalStep]
    problems: list[str]
    """What did not go as it should; [] if the loop closed."""

    @property
    def passed(self) -> bool:
        """Whether all went as it should."""
        return not self.problems
