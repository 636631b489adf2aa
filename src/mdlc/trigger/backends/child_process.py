"""The child process that carries out one attempt: `mdlc retrain FILE --verdict ID`.

The local backend starts it. It writes its result to `report.json` in the run's folder.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from mdlc.core.errors import BusyError, MdlcError
from mdlc.core.files import write_document
from mdlc.core.spec import Lifecycle
from mdlc.life.progress import Progress
from mdlc.life.retraining_attempt import folder_of, run_attempt
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.local.warm_server import PR_SET_PDEATHSIG, WarmServer
from mdlc.retraining.ledger import Ledger
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends import RunReport, failure_report

REPORT = "report.json"
PARENT = "MDLC_TRIGGER_PID"
"""Environment variable with the trigger's process id; the child ends if that process is gone."""
WAIT_SECONDS = 600
"""How long to wait for the workspace's lock while another mdlc works on the same lifecycle."""


def attempt(
    lifecycle: Lifecycle, *, workspace: Workspace, id: str, progress: Progress
) -> RunReport | None:
    """Carry out the run `id` of the ledger and write the report.

    Returns:
        The report, also of a failure; None if the run has ended already.
    """
    die_with_parent()
    try:
        report = _attempt(lifecycle, workspace=workspace, id=id, progress=progress)
    except MdlcError as error:
        report = failure_report(error)
    if report:
        write_document(folder_of(workspace, id) / REPORT, report)
    return report


def die_with_parent() -> None:
    """Have Linux kill this process when the trigger dies; exit now if the trigger is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = os.environ.get(PARENT)
    if parent and int(parent) != os.getppid():
        raise SystemExit(1)


def _attempt(
    lifecycle: Lifecycle, *, workspace: Workspace, id: str, progress: Progress
) -> RunReport | None:
    with ExitStack() as held:
        _hold(workspace, held)
        ledger = Ledger(workspace.ledger, retrain=lifecycle.spec.retrain, model=workspace.name)
        verdict = ledger.run(id)
        if verdict.outcome:
            return None
        server = held.enter_context(WarmServer())
        made = run_attempt(
            lifecycle,
            runner=LocalRunner(workspace, server),
            verdict=verdict,
            clock=lambda: datetime.now(UTC),
            progress=progress,
        )
    return RunReport(outcome=made.outcome, detail=made.detail, version=made.version)


def _hold(workspace: Workspace, held: ExitStack) -> None:
    """Take the workspace's lock; wait up to WAIT_SECONDS if another process has it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            held.enter_context(workspace.lock())
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return
