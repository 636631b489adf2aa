"""A lifecycle that the trigger looks after: its file, read again when it changes, and its ledger.

A changed file counts once it is valid. Until then the old one goes on, and the error is logged.
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
"""A clock this far behind the ledger is worth a warning."""


class EntryState(NamedTuple):
    """What is read together and changes together."""

    lifecycle: Lifecycle
    ledger: Ledger | None


class LifecycleEntry:
    """One lifecycle. Safe for threads; `refresh` is for one of them."""

    def __init__(self, file: Path, *, home: Path | None, clock: Callable[[], datetime]) -> None:
        self.file = file
        self.clock = clock
        self._read = digest_bytes(content_of(file)) if file.exists() else ""
        self._state = EntryState(load(file), None)
        self.workspace: Workspace = workspace_of(self._state.lifecycle, file=file, home=home)
        self.seen: tuple[str, ...] = ()
        """The verdict that was logged last, and its decision."""

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
        """The ledger, with the policy of the file.

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
        """Read the file if it has changed; return the error of one that is now invalid, once."""
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
        """Ask the ledger, and log what it says for the first time.

        Raises:
            MdlcError: nothing is released; nothing to learn from; a service does not answer.
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
