"""The model repository: one model, in the version that the pointer file names."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

from mdlc.core.errors import ArtifactError, MdlcError
from mdlc.core.files import digest_path, read_document
from mdlc.core.spec.deploy import Serving
from mdlc.services.json_logs import log
from mdlc.services.refusals import Refusal
from mdlc.serving.active_models import ActiveModels, load
from mdlc.serving.kserve_sdk import ModelNotFound, ModelRepository, ModelRepositoryExtension
from mdlc.serving.predictor import Predictor
from mdlc.state.release_documents import Pointer

Stamp = tuple[int, int, int]
"""A file's modification time, inode and size; while they are unchanged, it is not read again."""


class PointerRepository(ModelRepository):  # type: ignore[misc]
    """KServe's repository of one model. `load` always reads the pointer file again.

    `refresh` loads only if the pointer file has changed, and tries each content once. If a model
    does not load, the old one goes on serving.
    """

    def __init__(
        self, predictor: Predictor, *, pointer: Path, limits: Serving, threads: int
    ) -> None:
        super().__init__()
        self._predictor = predictor
        self._pointer = pointer
        self._limits = limits
        self._threads = threads
        self._loading = asyncio.Lock()
        self._seen: Stamp | None = None
        self._tried = ""
        """The digest of the pointer file at the last attempt to load, successful or not."""
        self.update(predictor)

    async def load(self, name: str) -> bool:
        """Load and warm the models that the pointer names, then replace the old ones.

        Raises:
            ModelNotFound: `name` is not the model's.
            Refusal: the model does not load; the old version goes on serving.
        """
        if self.get_model(name) is None:
            raise ModelNotFound(name)
        async with self._loading:
            with contextlib.suppress(ArtifactError, OSError):  # loading reports the same error
                self._tried = await asyncio.to_thread(digest_path, self._pointer)
            await self._load()
        return True

    async def refresh(self) -> None:
        """Load the models that the pointer names, if the pointer file has changed.

        Raises:
            Refusal: the model does not load; the old version goes on serving, and this pointer is
                not tried again.
            MdlcError, OSError: the pointer file cannot be read now.
        """
        async with self._loading:
            if await asyncio.to_thread(self._changed):
                await self._load(self._predictor.lineup)

    def _changed(self) -> bool:
        """Return whether the pointer file names models that do not serve and were not tried yet."""
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
            return True  # loading reports the error
        return pointer != self._predictor.lineup.pointer

    async def _load(self, known: ActiveModels | None = None) -> None:
        """Load the pointer's models, except those in `known`, and replace the old ones."""
        name, old = self._predictor.name, self._predictor.loaded.version
        try:
            lineup = await asyncio.to_thread(
                load, self._pointer, limits=self._limits, threads=self._threads, known=known
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
        """Refuse, because a predictor serves its one model for as long as it runs.

        Raises:
            Refusal: always.
        """
        raise Refusal(
            f"{name} stays loaded; stop the server, or load another version",
            status=403,
            reason="refused",
        )


class Reloads(ModelRepositoryExtension):  # type: ignore[misc]
    """kserve's load and unload endpoints, with the repository's errors in one line."""

    def __init__(self, repository: PointerRepository) -> None:
        super().__init__(repository)
        self._repository = repository

    async def load(self, model_name: str) -> None:
        """Load the models that the pointer names now."""
        await self._repository.load(model_name)

    async def unload(self, model_name: str) -> None:
        """Refuse."""
        self._repository.unload(model_name)


def log_loaded(lineup: ActiveModels, *, replaced: str = "") -> None:
    """Log which versions answer from now on, and that a canary could not be loaded."""
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
