"""Loads and warms the models that the pointer file names: the champion and, on trial, a canary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mdlc.core.errors import ArtifactError, MdlcError
from mdlc.core.files import read_document
from mdlc.core.scorer import Scorer, probe
from mdlc.core.spec.deploy import Serving
from mdlc.serving.request_rows import RequestReader
from mdlc.serving.schema_difference import difference
from mdlc.state.release_documents import CanaryRelease, Pointer
from mdlc.state.released_bundles import checked


@dataclass(frozen=True)
class LoadedModel:
    """One version of the model with everything needed to answer. Immutable."""

    version: str
    since: datetime
    """When it began to serve, or went on trial."""
    promised: float | None
    """Money per decision that its evaluation promised."""
    scorer: Scorer
    reader: RequestReader
    digest: str


@dataclass(frozen=True)
class ActiveModels:
    """The models that answer: the champion, and a canary that answers a share. Immutable."""

    pointer: Pointer
    champion: LoadedModel
    canary: LoadedModel | None = None
    """The canary; None if none is on trial, or if it could not be loaded."""
    refused: str = ""
    """Why the canary could not be loaded; "" if it was."""

    @property
    def name(self) -> str:
        """The lifecycle's name."""
        return self.pointer.name

    @property
    def trial(self) -> CanaryRelease | None:
        """The canary that the pointer names, even if it could not be loaded."""
        return self.pointer.canary


def load(
    pointer_file: Path, *, limits: Serving, threads: int = 0, known: ActiveModels | None = None
) -> ActiveModels:
    """Read the pointer, load its bundles, and score made-up rows with them.

    A version that `known` has is not loaded again. If the canary cannot be loaded, the champion
    serves alone.

    Raises:
        ArtifactError: the pointer is missing or altered; or the champion's bundle is missing,
            altered, another one than the pointer names, or does not answer.
        StageError: TensorFlow is needed and not installed.
    """
    pointer = read_document(pointer_file, Pointer)
    folder, models = pointer_file.parent, [known.champion, known.canary] if known else []
    at_hand = {(model.version, model.digest): model for model in models if model}

    def get(of: Pointer | CanaryRelease) -> LoadedModel:
        if model := at_hand.get((of.version, of.digest)):
            return replace(model, since=of.since, promised=of.promised)
        return _load(of, name=pointer.name, folder=folder, limits=limits, threads=threads)

    champion = get(pointer)
    if champion.scorer.instead != pointer.instead:
        champion = replace(champion, scorer=champion.scorer.taking(pointer.instead))
    if pointer.canary is None:
        return ActiveModels(pointer, champion)
    try:
        canary = get(pointer.canary)
        if differs := difference(champion.scorer.manifest, canary.scorer.manifest):
            raise ArtifactError(f"it cannot share version {champion.version}'s requests: {differs}")
    except MdlcError as error:
        return ActiveModels(pointer, champion, refused=str(error))
    return ActiveModels(pointer, champion, canary)


def _load(
    of: Pointer | CanaryRelease, *, name: str, folder: Path, limits: Serving, threads: int
) -> LoadedModel:
    bundle, _ = checked(folder, of, name=name)
    scorer = Scorer.load(bundle, threads=threads, digest=of.digest)
    try:
        probe(scorer)
    except ArtifactError as error:
        raise ArtifactError(f"the model in {bundle} does not load: {error.message}") from error
    reader = RequestReader(scorer.manifest, limits=limits)
    return LoadedModel(of.version, of.since, of.promised, scorer, reader, of.digest)
