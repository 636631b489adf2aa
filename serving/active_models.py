"""From the pointer file to models that are warm: the champion and, if one is on trial, a canary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mdlc.core.errors import ArtifactError, MdlcError
from mdlc.core.files import read_document
from mdlc.core.released import checked
from mdlc.core.scorer import Scorer, probe
from mdlc.serving.request_rows import RequestReader
from mdlc.serving.schema_difference import difference
from mdlc.state.release_documents import CanaryRelease, Pointer


@dataclass(frozen=True)
class LoadedModel:
    """One version of the model with all that answers need; never changed, only replaced."""

    version: str
    since: datetime
    """When it began to serve, or to be on trial."""
    promised: float | None
    """Money per decision that its evaluation promised."""
    scorer: Scorer
    reader: RequestReader
    digest: str


@dataclass(frozen=True)
class ActiveModels:
    """Who answers: the champion, and the canary that answers a share; never changed."""

    pointer: Pointer
    champion: LoadedModel
    canary: LoadedModel | None = None
    """None where none is on trial, and where it does not load."""
    refused: str = ""
    """Why the canary does not load."""

    @property
    def name(self) -> str:
        """The lifecycle's name."""
        return self.pointer.name

    @property
    def trial(self) -> CanaryRelease | None:
        """The canary as the pointer names it, loaded or not."""
        return self.pointer.canary


def load(
    pointer_file: Path, *, max_rows: int, threads: int = 0, known: ActiveModels | None = None
) -> ActiveModels:
    """Read the pointer, load its bundles, and score made-up rows with them.

    A version that `known` has is not loaded again. A canary that does not load leaves the champion
    alone.

    Raises:
        ArtifactError: pointer or the champion's bundle is missing, altered, another one than the
            pointer says, or does not answer.
        StageError: TensorFlow is needed and not installed.
    """
    pointer = read_document(pointer_file, Pointer)
    folder, models = pointer_file.parent, [known.champion, known.canary] if known else []
    at_hand = {(model.version, model.digest): model for model in models if model}

    def get(of: Pointer | CanaryRelease) -> LoadedModel:
        if model := at_hand.get((of.version, of.digest)):
            return replace(model, since=of.since, promised=of.promised)
        return _load(of, name=pointer.name, folder=folder, max_rows=max_rows, threads=threads)

    champion = get(pointer)
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
    of: Pointer | CanaryRelease, *, name: str, folder: Path, max_rows: int, threads: int
) -> LoadedModel:
    bundle, _ = checked(folder, of, name=name)
    scorer = Scorer.load(bundle, threads=threads, digest=of.digest)
    try:
        probe(scorer)
    except ArtifactError as error:
        raise ArtifactError(f"the model in {bundle} does not load: {error.message}") from error
    reader = RequestReader(scorer.manifest, max_rows=max_rows)
    return LoadedModel(of.version, of.since, of.promised, scorer, reader, of.digest)
