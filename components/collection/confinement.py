"""Which files a lifecycle file may name: those of its own folder, and of folders that are named.

Who may write a file may not read the machine that runs it. A location is relative to the file, or
lies in a folder that the machine's owner names in MDLC_DATA_ROOTS, or is what the person at this
machine has let files of this folder read (`consent`); links are followed first. What
the kernel makes up (/proc, /sys, /dev), pipes, sockets and devices are no data, wherever named.
Whatever is read has a bound in bytes, for a plain file may claim eight exabytes, too.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from mdlc.components.collection.consent import consented
from mdlc.core.errors import DataError, SpecError
from mdlc.core.files import digest_json

ROOTS_VARIABLE, BYTES_VARIABLE = "MDLC_DATA_ROOTS", "MDLC_MAX_SOURCE_BYTES"
"""Set by the machine's owner: folders with data, as PATH has them; bytes of one source at most."""
MAX_SOURCE_BYTES = 200 * 2**30
MAX_FILES = 100_000
MADE_UP = ("/proc", "/sys", "/dev")
CHUNK_BYTES = 1 << 20


def roots() -> list[Path]:
    """Return the folders that the machine's owner lets files name by an absolute path."""
    named = os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return [Path(one).resolve() for one in named if one and Path(one).is_absolute()]


def places(root: Path) -> list[Path]:
    """Return the folders and files that a lifecycle file in `root` may read."""
    return [root.resolve(), *roots(), *consented(root)]


def max_bytes() -> int:
    """Return how many bytes one source may have, packed or unpacked.

    Raises:
        SpecError: the owner's bound is not a number.
    """
    given = os.environ.get(BYTES_VARIABLE, "")
    if given and not given.isdigit():
        raise SpecError(f"{BYTES_VARIABLE} is {given!r}, not a number of bytes")
    return int(given) if given else MAX_SOURCE_BYTES


def confine(path: Path, *, root: Path, where: str) -> Path:
    """Return where a path really leads, if a file may name it.

    Raises:
        SpecError: it leads out of `root` and of all named roots, or to what the kernel makes up.
    """
    real = path.resolve()
    if made_up(real):
        raise SpecError(f"{path} is made up by the kernel, not data", where=where)
    if not any(real.is_relative_to(place) for place in places(root)):
        folder = real if real.is_dir() else real.parent
        raise SpecError(
            f"{path} is outside of the file's folder {root.resolve()}",
            where=where,
            hint=f"move it there, or let files read it with {ROOTS_VARIABLE}={folder}",
        )
    return real


def made_up(real: Path) -> bool:
    """Say whether a path without links is in a file system that the kernel makes up."""
    return any(real.is_relative_to(folder) for folder in MADE_UP)


def plain(path: Path, *, where: str) -> Path:
    """Return a path that is there if it is a file of bytes that can be opened.

    Raises:
        DataError: it is a pipe, socket or device, or cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path} is a pipe, socket or device, not a file", where=where)
        with path.open("rb"):
            return path
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", where=where) from error


def bounded(files: list[Path], *, where: str) -> list[Path]:
    """Return the files of one source if there are not too many and they are not too large.

    Raises:
        DataError: they are.
    """
    most, size = max_bytes(), sum(file.stat().st_size for file in files)
    if len(files) > MAX_FILES:
        raise DataError(f"{len(files)} files match; at most {MAX_FILES}", where=where)
    if size > most:
        raise too_large(size, where=where)
    return files


def too_large(size: int, *, where: str, most: int | None = None) -> DataError:
    """Return the error for a source of more bytes than it may have."""
    return DataError(
        f"the source has {size:,} bytes or more; at most {most or max_bytes():,}",
        where=where,
        hint=f"use fewer or smaller files; {BYTES_VARIABLE} is the machine's bound",
    )


def digest(files: Iterable[Path], *, where: str) -> str:
    """Return the SHA-256 of one file's bytes; of several, of their names and digests.

    Raises:
        DataError: they have more bytes than a source may have, whatever their sizes said.
    """
    left, found = max_bytes(), []
    for file in files:
        hasher = hashlib.sha256()
        with file.open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise too_large(max_bytes(), where=where)
                hasher.update(chunk)
        found.append([file.name, hasher.hexdigest()])
    return found[0][1] if len(found) == 1 else digest_json(found)
