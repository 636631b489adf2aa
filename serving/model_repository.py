"""The model repository: one model, whose version is what the pointer file says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from mdlc.core.errors import ArtifactError, MdlcError
from mdlc.core.files import digest_path, read_document
from mdlc.services.json_logs import log
from mdlc.services.refusals import Refusal
from mdlc.serving.active_models import ActiveModels, load
from mdlc.serving.kserve_sdk import ModelNotFound, ModelRepository, ModelRepositoryExtension
from mdlc.serving.predictor import Predictor
from mdlc.state.release_documents import Pointer

Stamp = tuple[int, int, int]
"""When a file was written, its inode and size: if they are the same, it is not read again."""


class PointerRepository(ModelRepository):  # type: ignore[misc]
    """Re-reads the pointer file at each load. A model that does not load changes nothing.

    `refresh` loads by itself what the pointer names anew; a pointer is tried once.
    """

    def __init__(self, predictor: Predictor, *, pointer: Path, max_rows: int, threads: int) -> None:
        super().__init__()
        self._predictor = predictor
        self._pointer = pointer
        self._max_rows = max_rows
        self._threads = threads
        self._loading = asyncio.Lock()
        self._seen: Stamp | None = None
        self._tried = ""
        """The digest of the pointer file that was loaded last, or did not load."""
        self.update(predictor)

    async def load(self, name: str) -> bool:
        """Load and warm what the pointer names, then swap it in.

        Raises:
            ModelNotFound: another name than the model's.
            Refusal: it does not load; the old version answers on.
        """
        if self.get_model(name) is None:
            raise ModelNotFound(name)
        async with self._loading:
            with contextlib.suppress(ArtifactError, OSError):  # the load says what is wrong
                self._tried = await asyncio.to_thread(digest_path, self._pointer)
            await self._load()
        return True

    async def refresh(self) -> None:
        """Load and swap in what the pointer names, if the pointer file says something new.

        Raises:
            Refusal: it does not load; the old version answers on, and is not tried again.
            MdlcError, OSError: the pointer file cannot be read now.
        """
        async with self._loading:
            if await asyncio.to_thread(self._changed):
                await self._load(self._predictor.lineup)

    def _changed(self) -> bool:
        """Say whether the pointer file names what does not serve and has not been tried."""
        stat = self._pointer.stat()
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen == self._seen:
            return False
        digest = digest_path(self._pointer)
        self._seen = seen
        if digest == self._tried:
            return False
        self._tried = digest
        try:
            pointer = read_document(self._pointer, Pointer)
        except ArtifactError:
            return True  # the load says what is wrong
        return pointer != self._predictor.lineup.pointer

    async def _load(self, known: ActiveModels | None = None) -> None:
        """Load the pointer's models, but those that `known` has, and swap them in."""
        name, old = self._predictor.name, self._predictor.loaded.version
        try:
            lineup = await asyncio.to_thread(
                load, self._pointer, max_rows=self._max_rows, threads=self._threads, known=known
            )
            if lineup.name != name:
                raise _unloadable(f"{self._pointer.name} names {lineup.name}", old)
        except MdlcError as error:
            raise _unloadable(str(error), old) from error
        self._predictor.swap(lineup)
        log_loaded(lineup, replaced=old)
        if lineup.refused:
            champion = lineup.champion.version
            why = f"the canary does not load: {lineup.refused}; version {champion} answers"
            raise Refusal(why, status=503, reason="load_failed")

    def unload(self, name: str) -> None:
        """Refuse: a predictor serves one model for as long as it runs.

        Raises:
            Refusal: always.
        """
        raise Refusal(
            f"{name} stays loaded; stop the server, or load another version",
            status=403,
            reason="refused",
        )


class Reloads(ModelRepositoryExtension):  # type: ignore[misc]
    """kserve's load and unload, with the repository's own reasons kept in one line."""

    def __init__(self, repository: PointerRepository) -> None:
        super().__init__(repository)
        self._repository = repository

    async def load(self, model_name: str) -> None:
        """Load what the pointer names now."""
        await self._repository.load(model_name)

    async def unload(self, model_name: str) -> None:
        """Refuse."""
        self._repository.unload(model_name)


def log_loaded(lineup: ActiveModels, *, replaced: str = "") -> None:
    """Log who answers from now on, and once that a canary does not."""
    champion, trial = lineup.champion, lineup.trial
    canary: dict[str, Any] = (
        {"canary": trial.version, "ratio": trial.ratio} if trial and lineup.canary else {}
    )
    if replaced:
        versions = {"version": champion.version, "replaced": replaced, **canary}
        log("loaded", model=lineup.name, **versions, digest=champion.digest)
    if trial and lineup.refused:
        names: dict[str, Any] = {"model": lineup.name, "version": trial.version}
        log("canary_load_failed", level=logging.ERROR, **names, why=lineup.refused)


def _unloadable(why: str, old: str) -> Refusal:
    log("load_failed", level=logging.ERROR, why=why, version=old)
    return Refusal(f"{why}; version {old} answers on", status=503, reason="load_failed")
