"""Locations of files: paths, globs, files inside installed packages."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from mdlc.components.collection.confinement import bounded, confine, made_up, places, plain
from mdlc.core.errors import DataError, SpecError, closest, shortened

PACKAGE = "package://"
COPIES = ".packages"
"""Folder below the root where copies of packages' files may lie, as NAME/FILE: they come first."""
WILDCARDS = "*?["


def find(location: str, *, root: Path, where: str) -> list[Path]:
    """Return the readable files at a location, sorted by name.

    Raises:
        SpecError: the location is malformed, or leads out of the folders that a file may name.
        DataError: nothing is there, or it cannot be read; names the nearest file in the folder.
    """
    folder, inside = base(location, root=root, where=where)
    try:
        return _found(location, folder, inside, root=root, where=where)
    except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
        # A loop of links, a name that is too long, a glob that is none.
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot look for {shortened(location)}: {reason}", where=where) from error


def folders(locations: Mapping[str, str], *, root: Path) -> list[Path]:
    """Return the folders in which sources may lie, for the engine to be let in.

    `locations` has, for each source's place in the file, its location.

    Raises:
        SpecError: a location is malformed.
        DataError: a package is not installed.
    """
    bases = {base(at, root=root, where=where)[0] for where, at in locations.items()}
    return [*places(root), *sorted(bases - {root})]


def _found(location: str, folder: Path, inside: str, *, root: Path, where: str) -> list[Path]:
    path = folder / inside
    if any(mark in inside for mark in WILDCARDS) and not path.exists():
        return bounded(_matching(folder, inside, root=root, where=where), where=where)
    # What a package ships was installed by the machine's owner; links in it lead where they lead.
    if not _of_package(folder, root=root):
        confine(path, root=root, where=where)
    if path.is_dir():
        hint = f"add what to read in it, such as {location.rstrip('/')}/*.csv"
        raise DataError(f"{path} is a folder", where=where, hint=hint)
    if not path.exists():
        raise DataError(f"no file {path}", where=where, hint=_neighbours(path))
    return bounded([plain(path, where=where)], where=where)


def _matching(folder: Path, inside: str, *, root: Path, where: str) -> list[Path]:
    """Return the files that match a glob; no link to a folder is followed on the way."""
    start, pattern = fixed(folder / inside)
    if not _of_package(folder, root=root):
        confine(start, root=root, where=where)
    if ".." in pattern.parts:
        raise SpecError(f"{inside} goes up after a wildcard", where=where)
    last = pattern / "*" if pattern.name == "**" else pattern
    found = [path for path in start.glob(str(last)) if not _hidden(path, start, asked=pattern)]
    files = []
    for path in sorted(found, key=str):
        if path.is_dir():
            continue
        if not _of_package(folder, root=root):
            confine(path, root=root, where=where)
        files.append(plain(path, where=where))
    if not files:
        path = folder / inside
        raise DataError(f"no file matches {path}", where=where, hint=_neighbours(path))
    return files


def fixed(path: Path) -> tuple[Path, Path]:
    """Return the part of a path before its first wildcard, and the rest; all of it without one."""
    parts = path.parts
    wild = (n for n, part in enumerate(parts) if any(mark in part for mark in WILDCARDS))
    first = next(wild, len(parts))
    return Path(*parts[:first]), Path(*parts[first:])


def _hidden(path: Path, start: Path, *, asked: Path) -> bool:
    """Say whether a match is, or is in, what begins with a dot, where the glob does not say so."""
    dots = any(part.startswith(".") for part in asked.parts)
    return not dots and any(part.startswith(".") for part in path.relative_to(start).parts)


def _of_package(folder: Path, *, root: Path) -> bool:
    """Say whether a base is an installed package's folder, not the file's own or a copy in it."""
    return folder != root and not folder.is_relative_to(root / COPIES)


def base(location: str, *, root: Path, where: str) -> tuple[Path, str]:
    """Return the folder that a location starts from, and the location from there.

    A package's folder is found without importing it: importing runs code, and may fail.

    Raises:
        SpecError: a `package://` location is malformed.
        DataError: the package is not installed.
    """
    if not location.startswith(PACKAGE):
        scheme, mark, _ = location.partition("://")
        if mark:
            raise SpecError(
                f"{shortened(location)!r}: a source has no scheme {shortened(scheme)}://",
                where=where,
                hint="give a path, or package://NAME/FILE; mdlc submit --data-root reads buckets",
            )
        if "\x00" in location:
            raise SpecError(f"{shortened(location)!r} has a NUL character", where=where)
        return root, location
    package, _, inside = location.removeprefix(PACKAGE).partition("/")
    if not package.isidentifier() or not inside or "\x00" in inside:
        raise SpecError(f"{location!r} is not package://NAME/FILE", where=where)
    if inside.startswith("/") or ".." in Path(inside).parts:
        raise SpecError(f"{location!r} leads out of the package", where=where)
    copies = root / COPIES / package
    if copies.is_dir():
        return copies, inside
    found = importlib.util.find_spec(package)
    folders = [Path(folder) for folder in found.submodule_search_locations or []] if found else []
    if not folders:
        hint = f"pip install {package}; for a cluster, --upload its data once"
        raise DataError(f"the Python package {package} is not installed", where=where, hint=hint)
    return next((folder for folder in folders if (folder / inside).exists()), folders[0]), inside


def _neighbours(path: Path) -> str:
    """Name the file in the folder that is nearest to the one that is missing."""
    folder = path.parent
    if not folder.is_dir() or made_up(folder.resolve()):
        return f"there is no folder {folder}"
    return closest(path.name, (item.name for item in folder.iterdir() if item.is_file()))
