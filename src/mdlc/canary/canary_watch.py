"""The looks at canaries: again and again over many lifecycles, or until one trial has ended.

The trigger is a service that follows several lifecycles and looks at each from time to time: it has
a `CanaryWatch`. A run's last step has one canary and nothing else to do: it calls `await_end`. Both
may look after the same canary. Whoever is first acts, and the other sees what became of it.
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
    """What a watch reads of a lifecycle that a service follows."""

    clock: Callable[[], datetime]

    @property
    def name(self) -> str:
        """The lifecycle's name."""

    @property
    def workspace(self) -> Workspace:
        """Where what serves is read; elsewhere a copy of it may be changed."""

    @property
    def lifecycle(self) -> Lifecycle:
        """The newest valid content of the file."""


W = TypeVar("W", bound=WatchedLifecycle)


class CanaryWatch(Generic[W]):
    """Judges the canary of a lifecycle, if one stands, by what Prometheus counted.

    Args:
        url: Of Prometheus; None: there is none, so a canary that nobody else judges is an error.
        workspace: Lends the workspace whose canary is promoted or dropped.
        every_seconds: Least time between two looks at the same lifecycle.
        gate: Whether a file may leave the judgement to the run's last step (spec.cluster.gate): no
            Prometheus is missed before that gives up.
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
        """Look once; promote it or roll it back if that is due.

        Raises:
            MdlcError: a canary stands, and there is no Prometheus to judge it by.
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
        """Log what was done, and once that a canary waits."""
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
    """How often, and for how long, a step looks at its canary."""

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
    """Look until the model with this digest is no longer on trial, or the time is spent.

    Args:
        digest: Of the model on trial.
        workspace: Lends, for one look, the workspace that the canary is in.
        terms: What it is judged by.
        counts: What both versions counted.
        times: When to look.
        tell: Called with why it still goes on, whenever that changes.
        sleep: Called between looks.

    Returns:
        How it ended, or "on_trial" and why it still is.
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
        # Not known now, or changed by somebody else: the next look tells.
        return CanaryState("on_trial", str(error))
    return after if after.state != "on_trial" else CanaryState("on_trial", judged.why)
