"""Where a run that the ledger decided is carried out.

A backend starts a run once, however often it is asked; says how it stands; and ends it. It keeps
nothing that a restart of the trigger would miss: what it needs is in the verdict.
"""

from __future__ import annotations

from typing import Literal, Protocol

from mdlc.core.errors import BusyError, MdlcError, ServiceError, StageError, StorageError
from mdlc.core.files import Document
from mdlc.state.watch_documents import Verdict

PASSING = (ServiceError, StorageError, BusyError)
"""Errors whose cause may pass: the run is tried again."""


class RunReport(Document):
    """How an attempt at a run ended."""

    outcome: Literal["promoted", "canary", "refused", "failed"]
    detail: str
    version: str = ""
    transient: bool = False
    """Of a failed one: whether another attempt may help."""


class Backend(Protocol):
    """Carries out the runs of one lifecycle."""

    def start(self, verdict: Verdict) -> str:
        """Start the run, or find it started; return its id here, "" if it has none.

        Raises:
            MdlcError: it cannot be started.
        """

    def poll(self, verdict: Verdict) -> RunReport | None:
        """Return how the attempt ended, None while it goes on.

        Raises:
            MdlcError: it cannot be asked now.
        """

    def kept(self, verdict: Verdict) -> bool:
        """Say whether an earlier attempt's work is there, so that a start begins none anew."""

    def leave(self, verdict: Verdict) -> None:
        """Stop following it: end what cannot go on without this process. Finished stages stay."""

    def cancel(self, verdict: Verdict) -> None:
        """End the attempt, for the ledger says that the run has ended."""


def failure_report(error: MdlcError) -> RunReport:
    """Return the report of an attempt that an error ended."""
    # A step that a signal ended is like a process that one ended: out of memory, a node drained.
    killed = isinstance(error, StageError) and "ended by signal" in error.message
    return RunReport(
        outcome="failed", detail=str(error), transient=killed or isinstance(error, PASSING)
    )
