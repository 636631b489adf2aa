"""Backends: where a run that the ledger decided is carried out.

A backend starts a run, reports its state and ends it. Starting is idempotent: a second call finds
the run that the first one started. Everything a backend needs is in the verdict, so a restart of
the trigger loses nothing.
"""

from __future__ import annotations

from typing import Literal, Protocol

from mdlc.core.errors import BusyError, KilledError, MdlcError, ServiceError, StorageError
from mdlc.core.files import Document
from mdlc.state.watch_documents import Verdict

PASSING = (ServiceError, StorageError, BusyError, KilledError)
"""Errors with a temporary cause (a service is away, a node was drained): the run is retried."""


class RunReport(Document):
    """How an attempt at a run ended."""

    outcome: Literal["promoted", "canary", "refused", "failed"]
    detail: str
    version: str = ""
    transient: bool = False
    """Whether another attempt may succeed; set only if the outcome is "failed"."""


class Backend(Protocol):
    """Carries out the runs of one lifecycle."""

    def start(self, verdict: Verdict) -> str:
        """Start the run, unless it was started before.

        Returns:
            The backend's own id of the run; "" if it has none.

        Raises:
            MdlcError: the run cannot be started.
        """

    def poll(self, verdict: Verdict) -> RunReport | None:
        """Return how the attempt ended; None while it goes on.

        Raises:
            MdlcError: the backend does not answer now.
        """

    def kept(self, verdict: Verdict) -> bool:
        """Return whether an earlier attempt finished its work but its end was not recorded.

        Such a run is started once more even if `retrain.attempts` are used up: the start only
        finds the result and records it.

        Raises:
            MdlcError: the backend does not answer now.
        """

    def leave(self, verdict: Verdict) -> None:
        """Stop following the run; end its processes if they cannot go on without this one.

        Finished stages stay in the cache for the next attempt.
        """

    def cancel(self, verdict: Verdict) -> None:
        """End the attempt, because the ledger says that the run has ended."""


def failure_report(error: MdlcError) -> RunReport:
    """Return the report of an attempt that ended with `error`."""
    return RunReport(outcome="failed", detail=str(error), transient=isinstance(error, PASSING))
