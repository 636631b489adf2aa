"""The deployment stage: copies and checks the winner's bundle, and registers it."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

from mdlc.components.deployment import registry_reachability
from mdlc.components.deployment.model_registry import register
from mdlc.core.bundle import Manifest, open_bundle
from mdlc.core.documents.evaluation_result import Contender, Deployment, Evaluation
from mdlc.core.errors import ArtifactError
from mdlc.core.files import read_document, whole_folder, write_document

BUNDLE = "bundle"


def deploy(name: str, *, evaluation: Path, training: Path, registry: str, out: Path) -> Deployment:
    """Register the winner as a version of the model `name`; it is champion if it was promoted.

    `registry` is an MLflow tracking URI. Writes bundle/ and deployment.json into `out`. A second
    call with the same winner finds the version that the first one made.

    Raises:
        ArtifactError: a document or the bundle is missing or altered, or not the one evaluated.
        ServiceError: the registry does not answer.
    """
    judged = read_document(evaluation / "evaluation.json", Evaluation)
    manifest = _copy(training / judged.winner_folder, out / BUNDLE, digest=judged.winner_digest)
    winner = next(c for c in judged.contenders if c.name == judged.winner)
    registered = register(
        name,
        manifest=manifest,
        bundle=(out / BUNDLE).resolve(),
        metrics=_metrics(winner, priced=judged.priced),
        promote=judged.promote,
        registry=registry,
    )
    deployment = Deployment(
        name=name,
        version=registered.version,
        digest=manifest.digest,
        promoted=judged.promote,
        replaced=registered.replaced,
        reasons=judged.reasons,
        bundle=BUNDLE,
        registry=registry_reachability.without_credentials(registry),
        created=registered.created,
    )
    write_document(out / "deployment.json", deployment)
    return deployment


def _copy(source: Path, target: Path, *, digest: str) -> Manifest:
    """Copy the bundle and check that the copy is the bundle that was evaluated."""
    if not source.is_dir():
        raise ArtifactError(f"{source} is missing", hint="run the training again")
    with whole_folder(target) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        manifest, _ = open_bundle(folder)
        if manifest.digest != digest:
            raise ArtifactError(
                f"{source} is not the bundle that evaluation.json judged",
                hint="run the evaluation again",
            )
    return manifest


def _metrics(winner: Contender, *, priced: bool) -> dict[str, float]:
    """Return the test metrics under flat names, each with the ends of its interval."""
    intervals = dict(winner.metrics)
    if priced:
        intervals["money_per_decision"] = winner.money_per_decision
    flat: dict[str, float] = {}
    for name, interval in intervals.items():
        flat |= {
            f"test.{name}": interval.value,
            f"test.{name}.low": interval.low,
            f"test.{name}.high": interval.high,
        }
    return {name: value for name, value in flat.items() if math.isfinite(value)}
