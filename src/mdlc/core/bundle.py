"""A model on disk: a folder that can be served anywhere and is never unpickled.

bundle/
  manifest.json    what it is: task, features, cleaning, money, parity, digests of the files below
  signature.json   of a release, where releases are signed (see mdlc.core.signing)
  profile.json     bins and training counts (see mdlc.core.profile)
  model.onnx       ONNX, or
  saved_model/     a TensorFlow SavedModel
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from mdlc.core.cleaning import Decision
from mdlc.core.columns import Feature
from mdlc.core.errors import ArtifactError
from mdlc.core.files import Document, digest_json, digest_path, read_document, write_document
from mdlc.core.profile import Profile
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Task

MANIFEST, PROFILE, ONNX, SAVED_MODEL = "manifest.json", "profile.json", "model.onnx", "saved_model"
SIGNATURE = "signature.json"
OWN = (MANIFEST, SIGNATURE)
"""Files that the manifest does not list: itself, and the signature of a release (core/signing)."""
Format = Literal["onnx", "savedmodel"]


class Manifest(Document):
    """All that a predictor needs beside the network itself."""

    name: str
    """The lifecycle's name."""
    candidate: str
    """The kind of model: rule, logistic, lightgbm, keras_mlp ..."""
    task: Task
    format: Format
    features: list[Feature]
    """Raw inputs in the order of the file, before cleaning; those that cleaning drops included."""
    cleaning: list[Decision]
    classes: list[str] = []
    """Classification: names of the classes, in the order of the probabilities."""
    payoff: Payoff | None
    """None: nobody said what a decision is worth; the action is the likeliest class."""
    offset: float = 0.0
    """Regression: added to the prediction to reach the payoff's quantile."""
    params: dict[str, float | int | str | bool] = {}
    """Hyperparameters it was trained with; the next tuning starts from them."""
    description: str = ""
    """A sentence or a rule in words."""
    parity: float
    """Largest absolute difference between exported and trained model, on validation rows; for
    regression in standard deviations of the target."""
    trained_rows: int
    trained_until: datetime | None = None
    """Everything in training was known before then."""
    tested_from: datetime | None = None
    """It was trained and tuned on rows before then; None: rows have no time, or it does not say."""
    tested_ratio: float | None = None
    """Without times: the share of rows, by a hash of their keys, that it was not trained on."""
    code_version: str = ""
    files: dict[str, str] = {}
    """Relative path -> SHA-256 of each file but this one."""

    @model_serializer(mode="wrap")
    def _without_default(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what older manifests do not have: they keep the digest that they had."""
        fields: dict[str, Any] = handler(self)
        for name in ("tested_from", "tested_ratio"):
            if fields.get(name) is None:
                fields.pop(name, None)
        return fields

    @property
    def digest(self) -> str:
        """Identifies the model: the digest of the manifest, which has the digests of all files."""
        return digest_json(self.model_dump(mode="json"))


def seal(folder: Path, manifest: Manifest, *, profile: Profile) -> Manifest:
    """Write profile and manifest into `folder`, which already has the model's files.

    Returns:
        The manifest with the digests of all files.
    """
    write_document(folder / PROFILE, profile)
    digests = {
        path.relative_to(folder).as_posix(): digest_path(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OWN
    }
    sealed = manifest.model_copy(update={"files": digests})
    write_document(folder / MANIFEST, sealed)
    return sealed


def read_manifest(folder: Path, *, digest: str | None = None) -> Manifest:
    """Return what a bundle says it is; of its files nothing else is looked at.

    With `digest`, that of whoever names the bundle, it has to be that very model.

    Raises:
        ArtifactError: the manifest is missing, broken, or another one.
    """
    manifest = read_document(folder / MANIFEST, Manifest)
    if digest is not None and manifest.digest != digest:
        raise ArtifactError(
            f"{folder} is another model than the one that is named: its manifest has been altered",
            hint="restore it, go back with mdlc rollback, or train again",
        )
    return manifest


def open_bundle(folder: Path, *, digest: str | None = None) -> tuple[Manifest, Profile]:
    """Read a bundle's manifest and profile, and check every file's digest.

    `digest` is that of whoever names the bundle: a pointer, an evaluation. Without it a bundle is
    whole, but may be any.

    Raises:
        ArtifactError: a file is missing, altered, or not listed; or it is another model.
    """
    manifest = read_manifest(folder, digest=digest)
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if (path.is_file() or path.is_symlink()) and path.name not in OWN
    }
    for name in sorted(present ^ set(manifest.files)):
        state = "is missing" if name in manifest.files else "is not in the manifest"
        raise ArtifactError(f"{folder}: {name} {state}", hint="run the training again")
    for name, listed in manifest.files.items():
        if digest_path(folder / name) != listed:
            raise ArtifactError(
                f"{folder}: {name} has been altered (its digest is not the manifest's)",
                hint="run the training again",
            )
    return manifest, read_document(folder / PROFILE, Profile)
