"""Runs on this machine: each attempt is a child process that ends when the trigger ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from mdlc.core.errors import ArtifactError
from mdlc.core.files import read_document, storage_errors
from mdlc.life.retraining_attempt import folder_of, release_plan_of, result_of
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends import RunReport
from mdlc.trigger.backends.child_process import PARENT, REPORT

GRACE_SECONDS = 3


class LocalBackend:
    """The runs of the lifecycle in `file`.

    Start them from a thread that lives as long as the trigger: Linux kills a child when the thread
    that started it ends.

    Args:
        file: The lifecycle's file.
        workspace: Its workspace.
        secrets: Names of environment variables that a child must not get.
    """

    def __init__(self, file: Path, *, workspace: Workspace, secrets: Collection[str] = ()) -> None:
        self._file = file
        self._workspace = workspace
        self._secrets = frozenset(secrets)
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, verdict: Verdict) -> str:
        """Start a child process for the run, unless one is running."""
        if verdict.id in self._children:
            return ""
        folder = folder_of(self._workspace, verdict.id)
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / REPORT).unlink(missing_ok=True)
            log = (folder / f"attempt-{verdict.attempts}.log").open("wb")
        environment = {k: v for k, v in os.environ.items() if k not in self._secrets}
        with log, storage_errors(folder):
            self._children[verdict.id] = subprocess.Popen(  # noqa: S603 - our own module, our paths
                self.command(verdict.id),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C at a terminal reaches the trigger alone, which then ends its children.
                start_new_session=True,
                env={**environment, PARENT: str(os.getpid())},
            )
        return ""

    def command(self, id: str) -> list[str]:
        """Return the command line of an attempt."""
        home = str(self._workspace.home)
        named = [str(self._file), "--verdict", id, "--home", home]
        return [sys.executable, "-m", "mdlc", "retrain", *named]

    def poll(self, verdict: Verdict) -> RunReport | None:
        """Return the child's report once it has ended; without a report, what it released."""
        child = self._children.get(verdict.id)
        code = child.poll() if child else -1
        if code is None:
            return None
        self._children.pop(verdict.id, None)
        folder = folder_of(self._workspace, verdict.id)
        if (folder / REPORT).exists():
            try:
                return read_document(folder / REPORT, RunReport)
            except ArtifactError as error:
                return RunReport(outcome="failed", detail=str(error))
        plan = release_plan_of(self._workspace, verdict)
        made = result_of(self._workspace, plan) if plan else None
        if made is not None:
            return RunReport(outcome=made.outcome, detail=made.detail, version=made.version)
        ended = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        detail = f"the process of attempt {verdict.attempts} ended {ended}; see {folder}"
        return RunReport(outcome="failed", detail=detail, transient=code < 0)

    def kept(self, verdict: Verdict) -> bool:
        """Return whether an attempt wrote its release plan: then another only has to execute it."""
        return release_plan_of(self._workspace, verdict) is not None

    def leave(self, verdict: Verdict) -> None:
        """End the child; its warm server and its running stage end with it."""
        child = self._children.pop(verdict.id, None)
        if child is None:
            return
        child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def cancel(self, verdict: Verdict) -> None:
        """End the child."""
        self.leave(verdict)
