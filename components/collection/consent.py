"""What the person at this machine has let files of a folder read beside that folder.

`mdlc init --data ELSEWHERE` and tables in memory name data that do not lie with the file. Whoever
types that may read them, so it is noted, and a run of theirs on this machine may read just that.
The note is the person's own, outside of the file's folder, so that no author of a file can write
it or hand it on with the file. A pod, a controller and another person have none.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from mdlc.core.errors import SpecError
from mdlc.core.files import Document, read_document, write_document

PRIVATE = 0o600
OTHERS = stat.S_IWGRP | stat.S_IWOTH


class ConsentNote(Document):
    """One folder's note, in ~/.config/mdlc/reads."""

    folder: str
    """Where the lifecycle files lie."""
    reads: list[str]
    """Files, and folders with all that is in them."""


def consent(folder: Path, path: Path) -> None:
    """Let lifecycle files of `folder` read `path`, a file or a folder, from now on.

    What lies in `folder` they may read already. Notes of folders that are gone are removed.

    Raises:
        SpecError: there is no home folder to note it in.
        StorageError: it cannot be written.
    """
    folder, path = folder.resolve(), path.resolve()
    if path.is_relative_to(folder):
        return
    note = _note_of(folder)
    if note is None:
        raise SpecError(
            f"{path} is outside of {folder}, and there is no home folder to note that it may be"
            " read",
            hint=f"set HOME, or MDLC_DATA_ROOTS={path.parent}",
        )
    for old in note.parent.glob("*.json"):
        if not Path(read_document(old, ConsentNote).folder).is_dir():
            old.unlink(missing_ok=True)
    reads = sorted({*map(str, consented(folder)), str(path)})
    write_document(note, ConsentNote(folder=str(folder), reads=reads))
    note.chmod(PRIVATE)


def consented(folder: Path) -> list[Path]:
    """Return what lifecycle files of `folder` may read beside it.

    Raises:
        SpecError: the note is another person's, or others may write it.
    """
    note = _note_of(folder.resolve())
    if note is None or not note.exists():
        return []
    found = note.stat()
    if found.st_uid != os.getuid() or found.st_mode & OTHERS:
        raise SpecError(
            f"{note} says what files may read, and is not yours alone to write",
            hint=f"chown and chmod 600 it, or delete it and set MDLC_DATA_ROOTS ({folder})",
        )
    return [Path(one) for one in read_document(note, ConsentNote).reads]


def _note_of(folder: Path) -> Path | None:
    """Return where the note of a folder lies; None where the person has no home."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        settings = Path(given) if Path(given).is_absolute() else Path.home() / ".config"
    except RuntimeError:  # a container's user that no table knows
        return None
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
    return settings / "mdlc/reads" / f"{name}.json"
