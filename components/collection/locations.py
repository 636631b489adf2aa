"""Locations of files: paths, globs, files inside installed packages; digests and archives."""

from __future__ import annotations

import glob
import importlib.util
import shutil
import tempfile
import zipfile
from pathlib import Path

from mdlc.core.errors import DataError, SpecError, closest
from mdlc.core.files import digest_json, digest_path

PACKAGE = "package://"
COPIES = ".packages"
"""Folder below the root where copies of packages' files may lie, as NAME/FILE: they come first."""
WILDCARDS = "*?["


def find(location: str, *, root: Path, where: str) -> list[Path]:
    """Return the readable files at a location, sorted by name.

    Raises:
        SpecError: a `package://` location is malformed.
        DataError: nothing is there, or it cannot be read; names the nearest file in the folder.
    """
    folder, inside = base(location, root=root, where=where)
    path = folder / inside
    if path.is_file():
        return [_readable(path, where=where)]
    if any(mark in location for mark in WILDCARDS):
        found = sorted(Path(item) for item in glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute too
        files = [_readable(item, where=where) for item in found if item.is_file()]
        if not files:
            raise DataError(f"no file matches {path}", where=where, hint=_neighbours(path))
        return files
    if path.is_dir():
        hint = f"add what to read in it, such as {location.rstrip('/')}/*.csv"
        raise DataError(f"{path} is a folder", where=where, hint=hint)
    raise DataError(f"no file {path}", where=where, hint=_neighbours(path))


def base(location: str, *, root: Path, where: str) -> tuple[Path, str]:
    """Return the folder that a location starts from, and the location from there.

    A package's folder is found without importing it: importing runs code, and may fail.

    Raises:
        SpecError: a `package://` location is malformed.
        DataError: the package is not installed.
    """
    if not location.startswith(PACKAGE):
        return root, location
    package, _, inside = location.removeprefix(PACKAGE).partition("/")
    if not package.isidentifier() or not inside:
        raise SpecError(f"{location!r} is not package://NAME/FILE", where=where)
    copies = root / COPIES / package
    if copies.is_dir():
        return copies, inside
    found = importlib.util.find_spec(package)
    folders = [Path(folder) for folder in found.submodule_search_locations or []] if found else []
    if not folders:
        hint = f"pip install {package}; for a cluster, --upload its data once"
        raise DataError(f"the Python package {package} is not installed", where=where, hint=hint)
    return next((folder for folder in folders if (folder / inside).exists()), folders[0]), inside


def digest(files: list[Path]) -> str:
    """Return the SHA-256 of one file's bytes; of several, of their names and digests."""
    if len(files) == 1:
        return digest_path(files[0])
    return digest_json([[str(file.name), digest_path(file)] for file in files])


def unpack(file: Path, *, scratch: Path, where: str) -> Path:
    """Return `file`, or the one file in it unpacked into `scratch` when it is a .zip.

    Raises:
        DataError: the archive is broken, or does not hold exactly one file.
    """
    if file.suffix.lower() != ".zip":
        return file
    try:
        with zipfile.ZipFile(file) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            if len(members) != 1:
                raise DataError(
                    f"{file} holds {len(members)} files; a .zip is read when it holds one",
                    where=where,
                    hint="unpack it and name the file, or a glob",
                )
            if members[0].file_size == 0:
                raise DataError(f"{members[0].filename} in {file} is empty", where=where)
            # The member's own path is never used: an archive may name ../../anything.
            folder = Path(tempfile.mkdtemp(dir=scratch))
            target = folder / Path(members[0].filename).name
            with archive.open(members[0]) as packed, target.open("wb") as plain:
                shutil.copyfileobj(packed, plain, 1 << 20)
            return target
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{file} is not a whole .zip: {error}", where=where) from error


def _readable(path: Path, *, where: str) -> Path:
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", where=where) from error


def _neighbours(path: Path) -> str:
    """Name the file in the folder that is nearest to the one that is missing."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    return closest(path.name, (item.name for item in folder.iterdir() if item.is_file()))
