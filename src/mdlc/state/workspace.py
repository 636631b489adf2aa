"""The workspace: a lifecycle's local state, in the folder .mdlc/ beside its file.

.mdlc/
  mlflow.db                 registry and runs of all lifecycles beside this one
  NAME/
    lock                    held by the process that works on it
    cache/                  an entry for each stage and key
    artifacts/              what stages wrote, a folder for each run
    runs/ID/                run.json, a log of each stage
    models/VERSION/         bundles that were promoted
    serving.json            which of them serves
    history.jsonl           which served when, append-only
    results.json            where the newest training's artifacts lie
    store.db  feedback/     predictions and labels; what was exported for retrainings
    trigger.db              decisions of the trigger
    replay/                 the same again, of the last replay, and watch/: signals and alerts
    life.json  report.html
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mdlc.core.errors import BusyError
from mdlc.core.files import storage_errors
from mdlc.core.spec import Lifecycle


@dataclass(frozen=True)
class Workspace:
    """The folders and files of one lifecycle."""

    name: str
    home: Path
    """The .mdlc folder."""
    root: Path
    """The folder of the lifecycle file; relative locations start here."""
    shared_ledger: str = ""
    """SQLAlchemy URL of a ledger that several machines share (MDLC_LEDGER_URL); "": a file here."""
    shared_store: str = ""
    """The same of predictions and labels (MDLC_STORE_URL)."""

    @property
    def folder(self) -> Path:
        """The folder of this lifecycle's state, except the registry."""
        return self.home / self.name

    @property
    def registry(self) -> str:
        """MLflow's tracking and registry URI."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def store(self) -> str:
        """SQLAlchemy URL of predictions and labels."""
        return self.shared_store or f"sqlite:///{self.folder / 'store.db'}"

    @property
    def ledger(self) -> str:
        """SQLAlchemy URL of the trigger's decisions."""
        return self.shared_ledger or f"sqlite:///{self.folder / 'trigger.db'}"

    @property
    def pointer(self) -> Path:
        """The file that names the serving bundle."""
        return self.folder / "serving.json"

    @property
    def history(self) -> Path:
        """The file that says which version served when."""
        return self.folder / "history.jsonl"

    @property
    def report(self) -> Path:
        """The file of the report."""
        return self.folder / "report.html"

    @property
    def life(self) -> Path:
        """The file of the last replay's record."""
        return self.folder / "life.json"

    @property
    def busy(self) -> bool:
        """Whether a process holds the lifecycle's lock now."""
        path = self.folder / "lock"
        if not path.exists():
            return False
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lifecycle's lock; the kernel releases it when this process dies.

        Raises:
            BusyError: another process holds the lock.
        """
        path = self.folder / "lock"
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(handle, 20, 0).decode().strip() or "unknown"
                raise BusyError(
                    f"{self.name} is in use by process {holder}",
                    hint="wait for it, or end it: its finished stages are kept",
                ) from error
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(handle)


def workspace_of(lifecycle: Lifecycle, *, file: Path, home: Path | None = None) -> Workspace:
    """Return the workspace of the lifecycle in `file`; its home is MDLC_HOME or .mdlc beside it."""
    return workspace_named(lifecycle.name, file=file, home=home)


def workspace_named(name: str, *, file: Path, home: Path | None = None) -> Workspace:
    """Return the workspace of the lifecycle called `name` in `file`, which need not exist yet."""
    root = file.resolve().parent
    given = home or (Path(os.environ["MDLC_HOME"]) if os.environ.get("MDLC_HOME") else None)
    home = (given or root / ".mdlc").resolve()
    shared = [os.environ.get(name, "") for name in ("MDLC_LEDGER_URL", "MDLC_STORE_URL")]
    return Workspace(name, home, root, *shared)


def replay_workspace(workspace: Workspace, name: str = "replay") -> Workspace:
    """Return the workspace called `name` inside a lifecycle's own; the default is for replays."""
    return Workspace(workspace.name, workspace.folder / name, workspace.root)
