"""The payload log's database, which notices when it is deleted or replaced.

A SQLite file can be deleted, or replaced by a backup, while the server runs. The open connection
would go on writing into a file that no path names any more. So after each piece of work the path is
checked: if it names another file (another inode) or none, that file is opened, the work is repeated
in it, and the owner of the log is notified. Dropped tables are created again in the same way.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from mdlc.core.errors import ServiceError
from mdlc.serving.payload_tables import PREDICTIONS, open_engine

T = TypeVar("T")
ATTEMPTS = 3
Inode = tuple[int, int]


class PayloadDatabase:
    """One database of a lifecycle's predictions and labels. Thread-safe.

    `reopened` is called after the database was deleted or replaced and the new one was opened.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        busy_seconds: float,
        reopened: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._name = name
        self._busy_seconds = busy_seconds
        self._reopened = reopened
        self._lock = threading.RLock()
        self.engine = open_engine(url, name=name, busy_seconds=busy_seconds)
        self._file = _file_of(self.engine)
        self._inode, self._wal = _inode(self._file), _inode(_beside(self._file, "-wal"))

    def run(self, work: Callable[[sa.Engine], T]) -> T:
        """Return the result of `work`; repeat it if the database was replaced in the meantime.

        Raises:
            SQLAlchemyError: an error of `work` on a database that is still in place.
            StorageError: the database was replaced and the new one does not open.
        """
        with self._lock:
            for _ in range(ATTEMPTS - 1):
                if self._moved():
                    self._reopen()
                try:
                    done = work(self.engine)
                except sa.exc.SQLAlchemyError:
                    if not (self._moved() or self._emptied()):
                        raise
                    self._reopen()
                    continue
                if not self._moved():
                    self._wal = _inode(_beside(self._file, "-wal"))
                    return done
            return work(self.engine)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _moved(self) -> bool:
        """Return whether the path names another file than the open one, or none."""
        return self._file is not None and _inode(self._file) != self._inode

    def _emptied(self) -> bool:
        """Return whether the database answers but lacks our tables."""
        schema = self._name if self.engine.dialect.name == "postgresql" else None
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            return not sa.inspect(self.engine).has_table(PREDICTIONS.name, schema=schema)
        return False

    def _reopen(self) -> None:
        """Open the database that the URL names now, and create its tables."""
        self.engine.dispose()
        if self._moved():
            self._set_aside()
        self.engine = open_engine(self._url, name=self._name, busy_seconds=self._busy_seconds)
        self._inode, self._wal = _inode(self._file), _inode(_beside(self._file, "-wal"))
        self._reopened()

    def _set_aside(self) -> None:
        """Move the old file's write-ahead log away; SQLite would apply it to the new file."""
        wal = _beside(self._file, "-wal")
        if wal is None or self._wal is None or _inode(wal) != self._wal:
            return
        with contextlib.suppress(OSError):
            wal.rename(wal.with_name(f"{wal.name}.of-{self._wal[1]}"))
            wal.with_name(wal.name.removesuffix("-wal") + "-shm").unlink(missing_ok=True)


@contextlib.contextmanager
def answering(name: str) -> Iterator[None]:
    """Turn errors of `name`'s payload log database inside the block into an error of one line.

    Raises:
        ServiceError: the database does not answer.
    """
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise ServiceError(
            f"the payload log of {name} does not answer: {type(error).__name__}",
            hint="check that its database runs",
        ) from error


def _file_of(engine: sa.Engine) -> Path | None:
    """Return the file of a SQLite database, None for others and for those in memory."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name.startswith((":", "file:")):
        return None
    return Path(name).absolute()


def _beside(file: Path | None, ending: str) -> Path | None:
    return None if file is None else file.with_name(file.name + ending)


def _inode(path: Path | None) -> Inode | None:
    """Return device and inode, which identify a file; None if there is no file."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
