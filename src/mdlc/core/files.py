"""Files that are whole or absent: atomic writes, digests, typed documents.

Each write goes to a temporary name in the same folder, is flushed to disk and renamed. A killed
process or a full disk leaves the old file or none, never half of one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mdlc.core.errors import ArtifactError, StorageError


class Document(BaseModel):
    """Base of everything that stages hand to each other as JSON; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="null")


REFUSALS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST),  # a file where a folder should be, or the reverse
}
SCRATCH = ".scratch-"
"""Begins the names of folders that a stage removes at its end, and the runner after a kill."""
MAX_DOCUMENT = 256 * 2**20
"""Bytes of a document; the largest, a report's data, has a few megabytes."""
D = TypeVar("D", bound=BaseModel)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in REFUSALS:
            raise StorageError(
                f"cannot write {path}: {error.strerror}",
                hint="free space or choose another folder with --home, then run again",
            ) from error
        raise


def disk_full(error: BaseException | None) -> bool:
    """Say whether an error, or one that it wraps or was raised from, is a disk without space.

    The operating system and SQLite say so by a code; libraries put errors of their own around it.

    >>> disk_full(OSError(28, "No space left on device")), disk_full(ValueError("disk is full"))
    (True, False)
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        wrapped = getattr(error, "orig", None)  # SQLAlchemy's name for the driver's error
        error = wrapped or error.__cause__ or error.__context__
    return False


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically, creating its folder."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, 0o666 & ~_umask())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _umask() -> int:
    """Return the process's umask: a temporary file is private, what it becomes is not."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON, atomically."""
    write_bytes(path, (json.dumps(value, indent=2, default=str) + "\n").encode())


def write_document(path: Path, document: BaseModel) -> None:
    """Write a document as readable JSON, atomically; NaN and infinity become null."""
    write_bytes(path, (document.model_dump_json(indent=2) + "\n").encode())


def read_document(path: Path, kind: type[D]) -> D:
    """Read a document of the given kind.

    Raises:
        ArtifactError: the file is missing, is not JSON, or does not have the kind's shape.
    """
    try:
        return kind.model_validate_json(_content(path))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing", hint="run the stage that writes it") from error
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ArtifactError(
            f"{path} is not a whole {kind.__name__}: {place or 'file'}: {first['msg']}",
            hint="delete it and run again",
        ) from error


def _content(path: Path) -> bytes:
    """Return what a document holds; a folder, a pipe or something far too large is none."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ArtifactError(f"{path} is not a file", hint="move it away and run again")
    if found.st_size > MAX_DOCUMENT:
        raise ArtifactError(f"{path} has {found.st_size} bytes; at most {MAX_DOCUMENT}")
    return path.read_bytes()


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes `path` when the block ends without an error.

    An existing `path` is replaced. Leaves nothing behind on failure.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        temporary.chmod(0o755)
        try:
            yield temporary
            if path.exists():
                shutil.rmtree(path)
            temporary.replace(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def digest_bytes(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_json(value: Any) -> str:
    """Return the SHA-256 of a JSON value, independent of the order of its keys."""
    return digest_bytes(json.dumps(value, sort_keys=True, default=str).encode())


def digest_path(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's relative names and contents.

    Raises:
        ArtifactError: there is nothing at `path`.
    """
    if path.is_dir():
        lines = [
            f"{digest_path(item)}  {item.relative_to(path).as_posix()}"
            for item in sorted(path.rglob("*"))
            if item.is_file()
        ]
        return digest_bytes("\n".join(lines).encode())
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing", hint="run the stage that writes it") from error
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror}") from error
