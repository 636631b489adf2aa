"""Where a lifecycle's local state lies: .mdlc/ beside its file.

.mdlc/
  mlflow.db                 registry and runs of all lifecycles beside this one
  NAME/
    lock                    held by the process that works on it
    cache/                  one entry a stage and key
    artifacts/              what stages wrote, a folder a run
    runs/ID/                run.json, a log a stage
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
        """All of this lifecycle's state but the registry."""
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
        """Which bundle serves."""
        return self.folder / "serving.json"

    @property
    def history(self) -> Path:
        """Which version served when."""
        return self.folder / "history.jsonl"

    @property
    def report(self) -> Path:
        """The report of the life."""
        return self.folder / "report.html"

    @property
    def life(self) -> Path:
        """What replay lived through."""
        return self.folder / "life.json"

    @property
    def busy(self) -> bool:
        """Whether a process holds the lifecycle right now."""
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
        """Hold the lifecycle against other processes; the kernel lets go when this one dies.

        Raises:
            BusyError: another process holds it.
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
    root = file.resolve().parent
    given = home or (Path(os.environ["MDLC_HOME"]) if os.environ.get("MDLC_HOME") else None)
    home = (given or root / ".mdlc").resolve()
    shared = [os.environ.get(name, "") for name in ("MDLC_LEDGER_URL", "MDLC_STORE_URL")]
    return Workspace(lifecycle.name, home, root, *shared)
