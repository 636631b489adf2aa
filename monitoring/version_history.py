"""Which model served when: an append-only file of JSON lines, each with the hash of the one before.

A changed, lost or swapped line breaks the chain, and the error names it. The last line has no
successor, so its hash is stored in a second file, `<name>.head`. If the process is killed between
the two writes, the head is one line behind; the chain shows that, and the next append corrects it.

A process that is killed while it writes a line leaves a torn line, without a line end. Reading and
appending then fail until `repair` is called, which removes the torn line and keeps it in another
file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from mdlc.core.errors import ArtifactError, StorageError
from mdlc.core.files import digest_bytes, storage_errors, write_bytes
from mdlc.state.release_documents import HistoryEntry, HistoryKind


class History:
    """The history in the file `path`; safe for several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._head = path.with_name(f"{path.name}.head")

    def append(  # noqa: PLR0913 - the fields of a HistoryEntry
        self,
        *,
        time: datetime,
        version: str,
        digest: str,
        candidate: str,
        replaced: str,
        why: str,
        money_per_decision: float | None,
        kind: HistoryKind = "promotion",
    ) -> HistoryEntry:
        """Add a line; when this returns, the line is on disk. On an error nothing is added.

        Raises:
            ArtifactError: the file is torn or altered.
            StorageError: the line cannot be written.
        """
        with self._locked() as handle:
            lines = self._lines()
            self._check(lines)
            entry = HistoryEntry(
                time=time,
                version=version,
                digest=digest,
                candidate=candidate,
                replaced=replaced,
                why=why,
                money_per_decision=money_per_decision,
                previous=digest_bytes(lines[-1]) if lines else "",
                kind=kind,
            )
            line = entry.model_dump_json().encode()
            self._write(handle, line)
        return entry

    def entries(self) -> list[HistoryEntry]:
        """Return all entries, oldest first, after checking the chain; [] if there is no file.

        Raises:
            ArtifactError: a line was changed or lost (it is named), or the last one is torn.
        """
        if not self._path.exists():
            if self._head.exists():
                raise ArtifactError(f"{self._path} is missing", hint="restore it from a backup")
            return []
        with self._locked(os.O_RDONLY):
            return self._check(self._lines())

    def repair(self) -> str:
        """Remove a torn last line and return it; "" if there is none.

        The line is kept in `<name>.torn`. Its append had not returned, so nothing relies on it. If
        the head shows that its append had returned, only the line end is missing; it is restored.
        """
        with self._locked() as handle:
            content = self._path.read_bytes()
            whole, end, torn = content.rpartition(b"\n")
            if not torn:
                return ""
            if self._head.exists() and self._head.read_text() == digest_bytes(torn):
                os.write(handle, b"\n")
            else:
                write_bytes(self._path.with_name(f"{self._path.name}.torn"), torn)
                os.ftruncate(handle, len(whole + end))
            os.fsync(handle)
            return torn.decode(errors="replace")

    @contextlib.contextmanager
    def _locked(self, flags: int = os.O_RDWR | os.O_APPEND | os.O_CREAT) -> Iterator[int]:
        """Yield the file's descriptor under a lock: shared for reading, exclusive for writing."""
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, flags, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH if flags == os.O_RDONLY else fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _write(self, handle: int, line: bytes) -> None:
        """Append `line`, flush it to disk, update the head; on failure, remove the line again."""
        size = os.fstat(handle).st_size
        content = line + b"\n"
        try:
            with storage_errors(self._path):
                if os.write(handle, content) != len(content):
                    raise StorageError(f"cannot write {self._path}: disk full", hint="free space")
                os.fsync(handle)
            write_bytes(self._head, digest_bytes(line).encode())
        except BaseException:
            os.ftruncate(handle, size)
            raise

    def _lines(self) -> list[bytes]:
        *lines, rest = self._path.read_bytes().split(b"\n")
        if rest:
            raise ArtifactError(
                f"{self._path}: line {len(lines) + 1} is torn: its writer was killed",
                hint="History.repair() cuts it off; the promotion it tells of had not ended",
            )
        return lines

    def _check(self, lines: list[bytes]) -> list[HistoryEntry]:
        entries = [self._read(line, number) for number, line in enumerate(lines, start=1)]
        previous = ""
        for number, (line, entry) in enumerate(zip(lines, entries, strict=True), start=1):
            if entry.previous != previous:
                changed = (
                    f"line {number - 1} was changed" if number > 1 else "the first line is lost"
                )
                raise self._broken(f"{changed}, or a line beside it")
            previous = digest_bytes(line)
        head = self._head.read_text() if self._head.exists() else ""
        behind = entries[-1].previous if entries else ""
        if head not in {previous, behind}:
            raise self._broken(
                f"line {len(lines)}, the last, was changed, or lines after it are lost"
            )
        return entries

    def _read(self, line: bytes, number: int) -> HistoryEntry:
        try:
            return HistoryEntry.model_validate_json(line)
        except ValidationError as error:
            raise self._broken(f"line {number} was changed: it is not a HistoryEntry") from error

    def _broken(self, what: str) -> ArtifactError:
        return ArtifactError(f"{self._path}: {what}", hint="restore the file from a backup")
