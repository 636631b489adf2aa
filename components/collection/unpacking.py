"""Archives, unpacked into a scratch folder: .zip with one file, and gzip. Both are bounded.

gzip is known by its first bytes, whatever the file is called, so that no reader unpacks it itself.

Three megabytes can unpack to three gigabytes, or without end. What comes out may have as many bytes
as a source may have, and beyond FREE_BYTES a hundred times what went in: tables shrink less.
"""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from mdlc.components.collection import confinement
from mdlc.core.errors import DataError

FREE_BYTES = 2**30
"""So much may come out of any archive, however small it is."""
MAX_RATIO = 100
CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


def unpack(file: Path, *, scratch: Path, where: str) -> Path:
    """Return `file`, or what is in it unpacked into `scratch` when it is a .zip or gzip.

    Raises:
        DataError: the archive is broken, too large, packed twice, or a .zip that does not hold
            exactly one file.
    """
    if file.suffix.lower() == ".zip":
        inside = _unzip(file, scratch=scratch, where=where)
    elif is_gzip(file):
        inside = _gunzip(file, scratch=scratch, where=where)
    else:
        return file
    if is_gzip(inside):
        hint = "unpack it yourself and name the file"
        raise DataError(f"{file} holds an archive in an archive", where=where, hint=hint)
    return inside


def is_gzip(file: Path) -> bool:
    """Say whether a file begins as gzip does."""
    with file.open("rb") as raw:
        return raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def _unzip(file: Path, *, scratch: Path, where: str) -> Path:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            if len(members) != 1:
                raise DataError(
                    f"{file} holds {len(members)} files; a .zip is read when it holds one",
                    where=where,
                    hint="unpack it and name the file, or a glob",
                )
            member = members[0]
            if member.file_size == 0:
                raise DataError(f"{member.filename} in {file} is empty", where=where)
            if member.file_size > _most(file):  # said openly: nothing has to be unpacked to know
                raise _too_large(file, where=where)
            # The member's own path is never used: an archive may name ../../anything.
            with archive.open(member) as packed:
                return _copied(
                    packed, file, name=Path(member.filename).name, scratch=scratch, where=where
                )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise DataError(f"{file} is not a whole .zip: {error}", where=where) from error


def _gunzip(file: Path, *, scratch: Path, where: str) -> Path:
    try:
        with gzip.open(file, "rb") as packed:
            name = file.stem if file.suffix.lower() == ".gz" else file.name
            return _copied(packed, file, name=name, scratch=scratch, where=where)
    except (OSError, EOFError, zlib.error) as error:
        if getattr(error, "errno", None):  # the disk's own, not the archive's
            raise
        raise DataError(f"{file} is not a whole .gz: {error}", where=where) from error


def _copied(
    packed: IO[bytes] | gzip.GzipFile, file: Path, *, name: str, scratch: Path, where: str
) -> Path:
    """Copy what comes out of an archive, as far as it may; leave nothing behind on failure."""
    target = Path(tempfile.mkdtemp(dir=scratch)) / (name or "unpacked")
    left = _most(file)
    try:
        with target.open("wb") as plain:
            while chunk := packed.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _too_large(file, where=where)
                plain.write(chunk)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _most(file: Path) -> int:
    """Return how many bytes may come out of an archive."""
    return min(confinement.max_bytes(), max(FREE_BYTES, MAX_RATIO * file.stat().st_size))


def _too_large(file: Path, *, where: str) -> DataError:
    size = file.stat().st_size
    return DataError(
        f"{file} has {size:,} bytes and unpacks to more than {_most(file):,}",
        where=where,
        hint="unpack it yourself and name the file, if it is what you think",
    )
