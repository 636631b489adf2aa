"""The lifecycles that the trigger watches, from named files and from folders.

Lifecycles of a folder are added and dropped as its files appear and disappear.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mdlc.core.errors import MdlcError, SpecError
from mdlc.core.files import digest_bytes
from mdlc.core.spec.parse import content_of
from mdlc.services.json_logs import log
from mdlc.trigger.backends import Backend
from mdlc.trigger.lifecycle_entry import LifecycleEntry


class RegisteredLifecycle(NamedTuple):
    """A lifecycle, and the backend that carries out its retrainings."""

    watched: LifecycleEntry
    backend: Backend


class LifecycleRegistry:
    """The lifecycles in memory. One thread may call `refreshed`; any thread may call `now`.

    A file that is named must be valid at the start. A folder is filled by others, so an invalid
    file in it is logged and left out, and the other lifecycles are watched all the same.

    Raises:
        SpecError: a named file is invalid.
        MdlcError: two named files give the same lifecycle name.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        home: Path | None,
        clock: Callable[[], datetime],
        backend: Callable[[LifecycleEntry], Backend],
    ) -> None:
        self._folders = [path for path in paths if path.is_dir()]
        self._home, self._clock, self._backend = home, clock, backend
        self._refused: dict[Path, str] = {}
        self._lives: dict[str, RegisteredLifecycle] = {}
        for path in paths:
            if path not in self._folders:
                life = self._read(path)
                self._lives[life.watched.name] = life
        self.refreshed()

    def now(self) -> dict[str, LifecycleEntry]:
        """Return the lifecycles as of the last `refreshed`, by name."""
        return {name: life.watched for name, life in self._lives.items()}

    def refreshed(self) -> list[RegisteredLifecycle]:
        """Add the new files of the folders, drop those that are gone, and return all lifecycles."""
        there = {
            path
            for folder in self._folders
            # While a folder is missing for a moment, its lifecycles stay.
            for path in (sorted(folder.glob("*.yaml")) if folder.is_dir() else self._of(folder))
        }
        kept = {
            name: life
            for name, life in self._lives.items()
            if life.watched.file in there or life.watched.file.parent not in self._folders
        }
        for name in self._lives.keys() - kept.keys():
            log("file_gone", model=name)
        self._lives = kept
        for path in sorted(there - {life.watched.file for life in kept.values()}):
            self._add(path)
        return list(self._lives.values())

    def _of(self, folder: Path) -> list[Path]:
        files = [life.watched.file for life in self._lives.values()]
        return [file for file in files if file.parent == folder]

    def _add(self, path: Path) -> None:
        """Add a file of a folder, or log once why it is invalid."""
        try:
            content = digest_bytes(content_of(path))
        except SpecError as error:  # deleted since the folder was listed, or not a plain file
            content = str(error)
        if not path.exists():
            return
        if self._refused.get(path) == content:
            return
        try:
            life = self._read(path)
        except MdlcError as error:
            self._refused[path] = content
            log("file_invalid", level=logging.ERROR, model=path.stem, error=str(error))
            return
        self._refused.pop(path, None)
        self._lives = {**self._lives, life.watched.name: life}
        log("file_found", model=life.watched.name)

    def _read(self, path: Path) -> RegisteredLifecycle:
        watched = LifecycleEntry(path, home=self._home, clock=self._clock)
        if watched.name in self._lives:
            raise SpecError(
                f"two files have the name {watched.name}",
                where="metadata.name",
                hint="give each its own",
                file=str(path),
            )
        return RegisteredLifecycle(watched, self._backend(watched))
