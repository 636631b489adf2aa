"""Repeats the look at a canary: for many lifecycles in a service, or until one trial has ended.

The trigger watches several lifecycles and looks at each from time to time with a `CanaryWatch`. The
last step of a run waits for the end of one canary with `await_end`. Both may watch the same canary:
the first that judges it acts, and the other reads the result from pointer and history.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from mdlc.canary.canary_judge import (
    CanaryState,
    CanaryTerms,
    Counting,
    by_prometheus,
    judge_and_end,
    state_of,
    terms_of,
)
from mdlc.canary.canary_verdict import CanaryVerdict
from mdlc.core.errors import BusyError, MdlcError, ServiceError
from mdlc.core.spec import Lifecycle
from mdlc.life.releases import current
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.services.json_logs import log
from mdlc.state.workspace import Workspace


class WatchedLifecycle(Protocol):
    """What a `CanaryWatch` needs of a lifecycle."""

    clock: Callable[[], datetime]

    @property
    def name(self) -> str:
        """The lifecycle's name."""

    @property
    def workspace(self) -> Workspace:
        """The workspace with pointer and history. It may be a copy, so only read it."""

    @property
    def lifecycle(self) -> Lifecycle:
        """The newest valid content of the file."""


W = TypeVar("W", bound=WatchedLifecycle)


class CanaryWatch(Generic[W]):
    """Judges the canary of a lifecycle, if it has one, by what Prometheus counted.

    Args:
        url: Prometheus' address; None: there is none, and a canary that only this watch could
            judge is an error.
        workspace: A context manager with the workspace in which the canary is promoted or rolled
            back.
        every_seconds: Least time between two looks at the same lifecycle.
        gate: Whether the last step of a run judges the canary as well (spec.cluster.gate). If so,
            a missing Prometheus is an error only after that step has given up.
    """

    def __init__(
        self,
        url: str | None,
        *,
        workspace: Callable[[W], AbstractContextManager[Workspace]],
        every_seconds: float = 0,
        gate: bool = False,
    ) -> None:
        self._prometheus = Prometheus(url) if url else None
        self._workspace = workspace
        self._gate = gate
        self._every = every_seconds
        self._looked: dict[str, float] = {}
        self._said: dict[str, str] = {}

    def __call__(self, watched: W) -> None:
        """Look once; promote the canary or roll it back if that is due.

        Raises:
            MdlcError: there is a canary, and no Prometheus to judge it by.
        """
        pointer = current(watched.workspace)
        if pointer is None or pointer.canary is None:
            return
        if self._prometheus is None:
            gate = watched.lifecycle.spec.cluster.gate if self._gate else None
            if gate and watched.clock() < pointer.canary.since + gate.timeout:
                return
            raise MdlcError(
                f"version {pointer.canary.version} of {watched.name} is on trial and is not judged",
                hint="give --prometheus, or use mdlc promote or mdlc rollback",
            )
        if time.monotonic() < self._looked.get(watched.name, -self._every) + self._every:
            return
        self._looked[watched.name] = time.monotonic()
        counts = by_prometheus(self._prometheus, model=watched.name)
        with self._workspace(watched) as workspace:
            judged = judge_and_end(
                workspace, terms_of(watched.lifecycle), counts=counts, now=watched.clock()
            )
        self._tell(watched.name, judged)

    def _tell(self, name: str, judged: CanaryVerdict) -> None:
        """Log what was done; log that a canary still waits only once for each reason."""
        said = f"{judged.version} {judged.action}"
        if judged.action != "wait" or self._said.get(name) != said:
            log(
                "canary",
                level=logging.WARNING if judged.action == "roll_back" else logging.INFO,
                model=name,
                version=judged.version,
                action=judged.action,
                why=judged.why,
            )
        self._said[name] = said


@dataclass(frozen=True)
class LookTimes:
    """How often, and for how long, a run's step looks at its canary."""

    poll_seconds: float
    timeout_seconds: float


def await_end(  # noqa: PLR0913 - what a look needs, and how they follow each other
    digest: str,
    *,
    workspace: Callable[[], AbstractContextManager[Workspace]],
    terms: CanaryTerms,
    counts: Counting,
    times: LookTimes,
    tell: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> CanaryState:
    """Look until the model with this digest is no longer on trial, or the time is used up.

    Args:
        digest: The digest of the model on trial.
        workspace: A context manager with the workspace that has the canary; entered for each look.
        terms: What the canary is judged by.
        counts: Returns what both versions counted.
        times: How often, and for how long, to look.
        tell: Called with the reason why the trial goes on, whenever the reason changes.
        sleep: Called with the seconds between two looks.

    Returns:
        How the trial ended, or "on_trial" and why it still goes on.
    """
    spent = time.monotonic() + times.timeout_seconds
    told = ""
    while True:
        state = _look(digest, workspace=workspace, terms=terms, counts=counts)
        if state.state != "on_trial":
            return state
        if state.why != told:
            told = state.why
            tell(told)
        if time.monotonic() >= spent:
            return state
        sleep(times.poll_seconds)


def _look(
    digest: str,
    *,
    workspace: Callable[[], AbstractContextManager[Workspace]],
    terms: CanaryTerms,
    counts: Counting,
) -> CanaryState:
    try:
        with workspace() as lent:
            before = state_of(lent, digest=digest)
            if before.state != "on_trial":
                return before
            judged = judge_and_end(lent, terms, counts=counts, now=datetime.now(UTC))
            after = state_of(lent, digest=digest)
    except (ServiceError, BusyError) as error:
        # The state is not known now, or another process is changing it: the next look tries again.
        return CanaryState("on_trial", str(error))
    return after if after.state != "on_trial" else CanaryState("on_trial", judged.why)
