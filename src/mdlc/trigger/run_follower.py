"""Follows the lifecycles and their runs: one thread that looks at all of them every few seconds.

A look does this for each lifecycle:

    file      read it again if it has changed
    state     copy pointer and history from the object store, if they are there
    sources   ask the ledger for a retraining if a reason stands
    run       claim a run that nobody follows and start it; extend its lease; note its end
    canary    judge the canary, if one stands

A run is followed by the process that holds its lease. If that process is killed, the lease runs out
and another process (or this one after its restart) claims the run and starts it again. The run
itself makes sure that it does not release twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from mdlc.core.errors import MdlcError, RefusedError
from mdlc.life.retraining_request import RunOwner as Owner
from mdlc.retraining.ledger import started
from mdlc.services.json_logs import log, reduced
from mdlc.state.watch_documents import Verdict
from mdlc.trigger.backends import Backend, RunReport, failure_report
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.pending_reasons import POLLED, ask_again
from mdlc.trigger.request_counter import RequestCounter

LEASE = timedelta(seconds=60)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
"""The wait before the second attempt, and the longest; it doubles before each further attempt."""


@dataclass(frozen=True)
class FollowTerms:
    """How this process follows runs: under which name, how often, and how long it waits."""

    owner: str
    """The process's name in the ledger; no other process may have it."""
    poll_seconds: float = 10.0
    first_wait: timedelta = FIRST_WAIT

    @property
    def lease(self) -> timedelta:
        """How long others leave a run alone after its process stopped extending the lease."""
        return max(LEASE, timedelta(seconds=4 * self.poll_seconds))

    def asking(self, *, again: bool) -> Owner:
        """Return this process as the owner of a run that the ledger may decide.

        `again`: the follower repeats its question, so an equal answer is not recorded again.
        """
        return Owner(self.owner, self.lease, again=again)


class RunFollower:
    """Looks at lifecycles again and again, and follows their runs.

    Args:
        lives: Returns the lifecycles that are there now, each with its backend.
        terms: How this process follows runs.
        requests: Counts the reasons that the trigger finds itself.
        trials: Judges the canary of a lifecycle; None: nothing here judges canaries.
        state: Copies what serves from the object store; None: it is local already.
    """

    def __init__(
        self,
        lives: Callable[[], Sequence[tuple[LifecycleEntry, Backend]]],
        *,
        terms: FollowTerms,
        requests: RequestCounter,
        trials: Callable[[LifecycleEntry], None] | None = None,
        state: Callable[[LifecycleEntry], None] | None = None,
    ) -> None:
        self._lives = lives
        self._known: dict[str, tuple[LifecycleEntry, Backend]] = {}
        self._terms = terms
        self._requests = requests
        self._trials = trials
        self._state = state
        self._following: dict[str, Verdict] = {}
        self._troubles: dict[tuple[str, str], str] = {}
        self._woken = threading.Event()
        self._ending = threading.Event()
        self.looked = time.monotonic()
        """When it last looked (monotonic clock, s); /healthz fails if that is long ago."""

    def run(self) -> None:
        """Look every `poll_seconds`, or when woken, until `end`; then release all leases."""
        while not self._ending.is_set():
            self.look()
            self._woken.wait(self._terms.poll_seconds)
            self._woken.clear()
        self.release_lease()

    def wake(self) -> None:
        """Look at once, because the ledger decided something."""
        self._woken.set()

    def end(self) -> None:
        """Have `run` release all leases and return."""
        self._ending.set()
        self._woken.set()

    def look(self) -> None:
        """Look once at every lifecycle; a step that fails is logged and tried again next time."""
        there = {watched.name: (watched, backend) for watched, backend in self._lives()}
        for name in self._known.keys() - there.keys():
            self._let_go(*self._known[name])
        self._known = there
        for watched, backend in there.values():
            self._guarded(watched, "file", partial(self._refresh, watched))
            if self._state:
                self._guarded(watched, "state", partial(self._state, watched))
            self._guarded(watched, "sources", partial(self._ask, watched))
            self._guarded(watched, "run", partial(self._follow, watched, backend))
            if self._trials:
                self._guarded(watched, "canary", partial(self._trials, watched))
            self.looked = time.monotonic()

    def release_lease(self) -> None:
        """Leave all runs that are followed here; the next process continues them from the cache."""
        for watched, backend in self._known.values():
            self._let_go(watched, backend)

    def _let_go(self, watched: LifecycleEntry, backend: Backend) -> None:
        verdict = self._following.pop(watched.name, None)
        if verdict is not None:
            self._guarded(watched, "stop", partial(backend.leave, verdict))
            self._guarded(watched, "stop", partial(self._stopped, watched, verdict))

    def _guarded(self, watched: LifecycleEntry, step: str, work: Callable[[], None]) -> None:
        """Do a step; log an error when it first occurs, and when it is over, not at every look."""
        key = (watched.name, step)
        try:
            work()
        except MdlcError as error:
            trouble, fields = str(error), {"error": str(error)}
        except Exception as error:
            trouble, fields = repr(reduced(error)), reduced(error)
        else:
            if self._troubles.pop(key, None):
                log("trouble_over", model=watched.name, step=step)
            return
        if self._troubles.get(key) != trouble:
            self._troubles[key] = trouble
            log("trouble", level=logging.ERROR, model=watched.name, step=step, **fields)

    def _refresh(self, watched: LifecycleEntry) -> None:
        error = watched.refresh()
        if error:
            self._requests.count("changed", "invalid")
            log("file_invalid", level=logging.ERROR, model=watched.name, error=str(error))

    def _ask(self, watched: LifecycleEntry) -> None:
        before = watched.seen
        verdict = ask_again(watched, watched.clock(), follower=self._terms.asking(again=True))
        if verdict and watched.seen != before:
            for reason in verdict.reasons:
                if reason in POLLED:
                    self._requests.count(reason, "accepted")

    def _follow(self, watched: LifecycleEntry, backend: Backend) -> None:
        following = self._following.get(watched.name)
        if following is None:
            self._claim(watched, backend)
            return
        try:
            verdict = self._extend(watched, following)
        except RefusedError as error:
            del self._following[watched.name]
            ended = watched.ledger.run(following.id).outcome
            (backend.cancel if ended else backend.leave)(following)
            log("run_lost", level=logging.WARNING, model=watched.name, error=str(error))
            return
        report = backend.poll(verdict)
        if report:
            self._conclude(watched, verdict, report)

    def _claim(self, watched: LifecycleEntry, backend: Backend) -> None:
        terms, now = self._terms, watched.clock()
        waits = watched.ledger.unfollowed(terms.owner, now)
        if waits is None:
            return
        # A run with no attempts left has not failed if its last attempt finished the work and was
        # killed before it could record the end. `spare` starts it once more to record that end.
        spare = watched.ledger.spent(waits) and backend.kept(waits)
        verdict = watched.ledger.claim(terms.owner, now, lease=terms.lease, spare=spare)
        if verdict is None:
            return
        if verdict.outcome:
            _tell_end(watched, verdict)
            return
        self._following[watched.name] = verdict
        log("run_started", model=watched.name, id=verdict.id, attempt=verdict.attempts)
        try:
            run = backend.start(verdict)
        except MdlcError as error:
            self._conclude(watched, verdict, failure_report(error))
            return
        if run != verdict.backend_run:
            self._extend(watched, verdict, backend_run=run)

    def _extend(
        self, watched: LifecycleEntry, verdict: Verdict, *, backend_run: str | None = None
    ) -> Verdict:
        kept = watched.ledger.extend(
            verdict.id,
            owner=self._terms.owner,
            now=watched.clock(),
            lease=self._terms.lease,
            backend_run=backend_run,
        )
        self._following[watched.name] = kept
        return kept

    def _conclude(self, watched: LifecycleEntry, verdict: Verdict, report: RunReport) -> None:
        now = watched.clock()
        if report.transient and not watched.ledger.spent(verdict):
            wait = min(self._terms.first_wait * 2 ** (started(verdict) - 1), LONGEST_WAIT)
            watched.ledger.release_lease(
                verdict.id, owner=self._terms.owner, until=now + wait, detail=report.detail
            )
            log(
                "attempt_failed",
                level=logging.WARNING,
                model=watched.name,
                id=verdict.id,
                attempt=verdict.attempts,
                again_in_seconds=wait.total_seconds(),
                error=report.detail,
            )
        else:
            ended = watched.ledger.finish(
                verdict.id,
                time=now,
                outcome=report.outcome,
                detail=report.detail,
                version=report.version,
            )
            _tell_end(watched, ended)
        self._following.pop(watched.name, None)

    def _stopped(self, watched: LifecycleEntry, verdict: Verdict) -> None:
        watched.ledger.release_lease(verdict.id, owner=self._terms.owner, stopped=True)
        log("run_let_go", model=watched.name, id=verdict.id)


def _tell_end(watched: LifecycleEntry, ended: Verdict) -> None:
    """Log the end of a run; a failure at level ERROR."""
    failed = ended.outcome == "failed"
    log(
        "run_failed" if failed else "run_ended",
        level=logging.ERROR if failed else logging.INFO,
        model=watched.name,
        id=ended.id,
        outcome=ended.outcome,
        version=ended.version,
        attempts=ended.attempts,
        detail=ended.detail,
    )
