"""A lifecycle that the trigger watches: its file, read again when it changes, and its ledger.

A changed file takes effect once it is valid. Until then the trigger goes on with the last valid
content and logs the error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mdlc.core.errors import MdlcError, SpecError
from mdlc.core.files import digest_bytes
from mdlc.core.spec import Lifecycle, load
from mdlc.core.spec.parse import content_of
from mdlc.life.retraining_request import RetrainingRequest, RunOwner, request_retraining
from mdlc.retraining.ledger import Ledger
from mdlc.services.json_logs import log
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace, workspace_of

SKEW_SECONDS = 60
"""A warning is logged if this machine's clock is more than this behind the ledger's newest time."""


class EntryState(NamedTuple):
    """The file's content and the ledger made from it; replaced together, in one assignment."""

    lifecycle: Lifecycle
    ledger: Ledger | None


class LifecycleEntry:
    """One lifecycle. Any thread may use it, but only one thread may call `refresh`."""

    def __init__(self, file: Path, *, home: Path | None, clock: Callable[[], datetime]) -> None:
        self.file = file
        self.clock = clock
        self._read = digest_bytes(content_of(file)) if file.exists() else ""
        self._state = EntryState(load(file), None)
        self.workspace: Workspace = workspace_of(self._state.lifecycle, file=file, home=home)
        self.seen: tuple[str, ...] = ()
        """Id and decision of the verdict that was logged last."""

    @property
    def name(self) -> str:
        """The lifecycle's name."""
        return self.workspace.name

    @property
    def lifecycle(self) -> Lifecycle:
        """The newest valid content of the file."""
        return self._state.lifecycle

    @property
    def ledger(self) -> Ledger:
        """The ledger, with the policy of the file's newest valid content.

        Raises:
            ServiceError: its database does not answer.
        """
        lifecycle, ledger = self._state
        if ledger is None:
            retrain = lifecycle.spec.retrain
            ledger = Ledger(self.workspace.ledger, retrain=retrain, model=self.name)
            if self._state.lifecycle is lifecycle:
                self._state = EntryState(lifecycle, ledger)
        return ledger

    def refresh(self) -> MdlcError | None:
        """Read the file again if it has changed.

        Returns:
            The error if the changed file is invalid; the next calls return None until it changes
            again.
        """
        try:
            content = digest_bytes(content_of(self.file))
        except SpecError as error:
            if self._read == "":
                return None
            self._read = ""
            return error
        try:
            if content == self._read:
                return None
            self._read = content
            lifecycle = load(self.file)
            if lifecycle.name != self.name:
                raise SpecError(
                    f"the name was {self.name} and is now {lifecycle.name}",
                    where="metadata.name",
                    hint="start mdlc trigger again",
                )
        except MdlcError as error:
            return error
        self._state = EntryState(lifecycle, None)
        log("file_read", model=self.name)
        return None

    def ask(self, request: RetrainingRequest, *, follower: RunOwner) -> Verdict:
        """Ask the ledger for a retraining, and log its verdict unless the last one was the same.

        Raises:
            MdlcError: nothing is released, there is no data to learn from, or a service does not
                answer.
        """
        verdict = request_retraining(
            self.ledger,
            lifecycle=self.lifecycle,
            workspace=self.workspace,
            request=request,
            follower=follower,
        )
        said = (verdict.id, verdict.decision)
        if said != self.seen:
            self.seen = said
            log(
                "decision",
                model=self.name,
                id=verdict.id,
                decision=verdict.decision,
                rule=verdict.rule,
                reasons=verdict.reasons,
                why=verdict.why,
            )
        behind = (verdict.time - request.time).total_seconds()
        if behind > SKEW_SECONDS:
            log(
                "clock_behind_ledger",
                level=logging.WARNING,
                model=self.name,
                seconds=round(behind),
            )
        return verdict
