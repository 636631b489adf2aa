"""kopf's handlers: when to look at which lifecycle. What a look does is in `reconcile`.

Level-triggered: a look is at the whole object, at its start, at each change of its file or of our
annotations, and every so often. So no change is lost, and none is replayed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import kopf

from mdlc.controller.clients import ClientsByNamespace
from mdlc.controller.finalizer import finalize
from mdlc.controller.lifecycle_object import DATA_ROOT, RUN, lifecycle_object
from mdlc.controller.reconciler import reconcile
from mdlc.core.errors import MdlcError
from mdlc.kubernetes.crd.crd_definition import GROUP, PLURAL, VERSION
from mdlc.kubernetes.crd.lifecycle_status import LifecycleStatus
from mdlc.services.json_logs import log, reduced

FINALIZER = f"{GROUP}/controller"
RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 300.0


@dataclass(frozen=True)
class ReconcileIntervals:
    """How often is looked."""

    busy: float = 5.0
    """Seconds between looks while a run or a rollout goes on."""
    quiet: float = 60.0
    """Seconds between looks otherwise: what somebody else changed is set back by then."""
    workers: int = 8
    """Lifecycles that are looked at at once."""


@dataclass
class Handlers:
    """The handlers of one controller."""

    worlds: ClientsByNamespace
    pace: ReconcileIntervals
    may_act: Callable[[], bool]

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Tell kopf of them."""
        which = (GROUP, VERSION, PLURAL)
        kopf.on.startup(registry=registry)(self.configure)
        kopf.on.login(registry=registry)(_login)
        kopf.on.event(*which, registry=registry)(self.changed)
        kopf.on.delete(*which, registry=registry)(self.deleted)
        kopf.daemon(*which, registry=registry, cancellation_timeout=30)(self.live)
        self._slots = asyncio.Semaphore(self.pace.workers)

    async def configure(self, *, settings: kopf.OperatorSettings, **_: Any) -> None:
        """Set kopf up: our names, little in annotations, no events of its own."""
        settings.persistence.finalizer = FINALIZER
        settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
        settings.persistence.diffbase_storage = Generation(prefix=GROUP)
        settings.posting.enabled = False
        settings.scanning.disabled = True
        settings.execution.max_workers = self.pace.workers + 2

    async def changed(self, *, body: Mapping[str, Any], memo: Any, **_: Any) -> None:
        """Wake the lifecycle's daemon where something changed that it has not seen."""
        mark = _mark(body)
        if memo.get("mark") != mark:
            memo["mark"] = mark
            _wake(memo).set()

    async def live(self, *, body: Mapping[str, Any], memo: Any, stopped: Any, **_: Any) -> None:
        """Look at one lifecycle again and again, until it is deleted or we end."""
        troubles = 0
        while not stopped:
            _wake(memo).clear()
            wait = RETRY_SECONDS
            if self.may_act():
                try:
                    wait, troubles = self._wait(await self._look(body, memo)), 0
                except MdlcError as error:
                    troubles += 1
                    wait = min(RETRY_SECONDS * 2**troubles, LONGEST_RETRY_SECONDS)
                    log("look_failed", model=body["metadata"]["name"], why=str(error), again=wait)
                except Exception as error:  # a bug in one look must not end all further ones
                    troubles += 1
                    wait = min(RETRY_SECONDS * 2**troubles, LONGEST_RETRY_SECONDS)
                    log("look_broke", model=body["metadata"]["name"], what=reduced(error))
            await _sleep(wait, stopped=stopped, wake=_wake(memo))

    async def deleted(self, *, body: Mapping[str, Any], memo: Any, **_: Any) -> None:
        """Clean up; kopf takes the finalizer away once this returns."""
        if not self.may_act():
            raise kopf.TemporaryError("the lease is not ours", delay=RETRY_SECONDS)
        memo["leaving"] = True
        one = lifecycle_object(body)
        async with _lock(memo), self._slots:
            try:
                await asyncio.to_thread(finalize, one, self.worlds(one.namespace))
            except MdlcError as error:
                log("delete_failed", model=one.name, why=str(error))
                raise kopf.TemporaryError(str(error), delay=RETRY_SECONDS) from error

    async def _look(self, body: Mapping[str, Any], memo: Any) -> LifecycleStatus | None:
        async with _lock(memo), self._slots:
            one = lifecycle_object(body)
            if memo.get("leaving") or one.deleting:
                return None
            # kopf's view of the object may be older than the status that the last look wrote.
            newest = memo.get("status")
            if newest is not None:
                one = one.with_status(newest)
            looking = asyncio.to_thread(reconcile, one, self.worlds(one.namespace))
            status = await asyncio.shield(looking)
            memo["status"] = status
            return status

    def _wait(self, status: LifecycleStatus | None) -> float:
        if status is None:
            return self.pace.quiet
        running = any(run.state == "running" for run in status.runs[-1:])
        serving = status.condition("Serving")
        rolling = serving is not None and serving.reason in {"Rollout", "NotReady"}
        return self.pace.busy if running or rolling else self.pace.quiet


class Generation(kopf.AnnotationsDiffBaseStorage):
    """Remembers the generation only: kopf would copy the whole file into an annotation."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> Any:
        """Return what kopf compares."""
        del extra_fields
        return {"spec": {"generation": body["metadata"].get("generation", 0)}}


async def _login(**options: Any) -> Any:
    return kopf.login_via_client(**options)


def _mark(body: Mapping[str, Any]) -> tuple[Any, ...]:
    metadata = body["metadata"]
    notes = metadata.get("annotations") or {}
    deleting = "deletionTimestamp" in metadata
    return metadata.get("generation"), notes.get(RUN), notes.get(DATA_ROOT), deleting


def _wake(memo: Any) -> asyncio.Event:
    event: asyncio.Event = memo.setdefault("wake", asyncio.Event())
    return event


def _lock(memo: Any) -> asyncio.Lock:
    lock: asyncio.Lock = memo.setdefault("lock", asyncio.Lock())
    return lock


async def _sleep(seconds: float, *, stopped: Any, wake: asyncio.Event) -> None:
    """Sleep until the time is over, something changed, or we are to stop."""
    waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stopped.wait(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
