"""The model registry: lists versions, finds the champion, and registers a bundle.

A version is identified by the digest of its bundle. Each step first looks for what is there, so the
next run completes one that was killed, and the same bundle never becomes two versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mdlc.components.deployment import registry_reachability
from mdlc.components.deployment.mlflow_client import mlflow_client
from mdlc.core.bundle import Manifest

CHAMPION, CHALLENGER = "champion", "challenger"
DIGEST, BUNDLE, REPLACED = "digest", "bundle", "replaced"
"""Tags of a version: its bundle's digest, the bundle's folder, and the champion it replaced."""
_CUT = 500


@dataclass(frozen=True)
class ChampionRef:
    """A version of the registry."""

    version: str
    digest: str
    source: str
    """Path of its bundle, or a URI when it is not on this machine's file system."""


@dataclass(frozen=True)
class VersionRef(ChampionRef):
    """A version and what is known about it."""

    candidate: str
    aliases: tuple[str, ...]
    created: datetime


@dataclass(frozen=True)
class Registered:
    """The result of registering a bundle."""

    version: str
    replaced: str
    """The previous champion; "" if there was none or nothing was promoted."""
    created: datetime


def champion(name: str, registry: str) -> ChampionRef | None:
    """Return the champion of `name`; None if there is none yet.

    Raises:
        ServiceError: the registry does not answer.
    """
    found = [ref for ref in versions(name, registry) if CHAMPION in ref.aliases]
    return ChampionRef(found[0].version, found[0].digest, found[0].source) if found else None


def versions(name: str, registry: str) -> list[VersionRef]:
    """Return all versions of `name`, newest first; none if the registry is not there yet.

    Raises:
        ServiceError: the registry does not answer.
    """
    path = registry_reachability.sqlite_path(registry)
    if path is not None and not path.exists():
        return []
    with registry_reachability.answering(registry), mlflow_client(registry) as client:
        aliases = _aliases(client, name)
        found = client.search_model_versions(f"name='{name}'")
        return sorted((_ref(v, aliases) for v in found), key=lambda r: int(r.version), reverse=True)


def register(  # noqa: PLR0913 - all of it is what a version is made of
    name: str,
    *,
    manifest: Manifest,
    bundle: Path,
    metrics: dict[str, float],
    promote: bool,
    registry: str,
) -> Registered:
    """Make `bundle` a version of the model `name`, or find the version that it is already.

    `challenger` goes to the newest version, `champion` to this one if `promote`. Registries behind
    HTTP get the bundle uploaded; a database registry keeps the folder's URI.

    Raises:
        ServiceError: the registry does not answer.
    """
    with registry_reachability.answering(registry), mlflow_client(registry) as client:
        run = _run(client, name, manifest=manifest, metrics=metrics)
        _ensure_model(client, name)
        version = _find(client, name, digest=manifest.digest)
        if version is None:
            source, tags = _source(client, run, bundle=bundle, registry=registry)
            version = client.create_model_version(
                name,
                source,
                run_id=run.info.run_id,
                tags=tags | {DIGEST: manifest.digest, "candidate": manifest.candidate},
                description=manifest.description or None,
            )
        number = str(version.version)
        if BUNDLE in version.tags and version.tags[BUNDLE] != bundle.as_uri():
            client.set_model_version_tag(name, number, BUNDLE, bundle.as_uri())
        aliases = _aliases(client, name)
        if int(number) > int(aliases.get(CHALLENGER, "0")):
            client.set_registered_model_alias(name, CHALLENGER, number)
        replaced = ""
        if promote:
            replaced = _promote(client, name, version=version, reigning=aliases.get(CHAMPION, ""))
        return Registered(number, replaced, _time(version))


def _run(client: Any, name: str, *, manifest: Manifest, metrics: dict[str, float]) -> Any:
    """Return the finished run of this bundle; complete one that a killed process left."""
    from mlflow.entities import Metric, Param

    experiment = client.get_experiment_by_name(name)
    number = experiment.experiment_id if experiment else client.create_experiment(name)
    found = client.search_runs([number], f"tags.{DIGEST} = '{manifest.digest}'", max_results=1)
    run = found[0] if found else None
    if run is None:
        tags = {DIGEST: manifest.digest, "candidate": manifest.candidate} | _facts(manifest)
        run = client.create_run(number, run_name=manifest.candidate, tags=tags)
    if run.info.status != "FINISHED":
        when = run.info.start_time  # equal in each attempt, so that no value is logged twice
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(key, value, when, 0) for key, value in metrics.items()],
            params=[Param(key, str(value)[:_CUT]) for key, value in manifest.params.items()],
        )
        client.set_terminated(run.info.run_id)
    return run


def _facts(manifest: Manifest) -> dict[str, str]:
    facts = {
        "format": manifest.format,
        "code_version": manifest.code_version,
        "trained_rows": str(manifest.trained_rows),
        "trained_until": manifest.trained_until.isoformat() if manifest.trained_until else "",
    }
    return {key: value for key, value in facts.items() if value}


def _ensure_model(client: Any, name: str) -> None:
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)


def _find(client: Any, name: str, *, digest: str) -> Any:
    """Return the version with this digest, or None; versions get it when they are created."""
    found = client.search_model_versions(f"name='{name}' and tag.{DIGEST}='{digest}'")
    return found[0] if found else None


def _source(client: Any, run: Any, *, bundle: Path, registry: str) -> tuple[str, dict[str, str]]:
    """Return a new version's source and, for a folder that may move, the tag with its location."""
    if registry.startswith(("http://", "https://")):
        # An MLflow server refuses versions whose source is on a client's disk.
        client.log_artifacts(run.info.run_id, str(bundle), "bundle")
        return f"{run.info.artifact_uri}/bundle", {}
    return bundle.as_uri(), {BUNDLE: bundle.as_uri()}


def _promote(client: Any, name: str, *, version: Any, reigning: str) -> str:
    """Move the alias `champion`; return the version it was at, which a tag records before."""
    number = str(version.version)
    if reigning == number:
        return str(version.tags.get(REPLACED, ""))
    client.set_model_version_tag(name, number, REPLACED, reigning)
    client.set_registered_model_alias(name, CHAMPION, number)
    return reigning


def _aliases(client: Any, name: str) -> dict[str, str]:
    found = client.search_registered_models(f"name='{name}'")
    return {alias: str(number) for alias, number in found[0].aliases.items()} if found else {}


def _ref(version: Any, aliases: dict[str, str]) -> VersionRef:
    number = str(version.version)
    uri = version.tags.get(BUNDLE, version.source)
    parts = urlsplit(uri)
    return VersionRef(
        version=number,
        digest=version.tags.get(DIGEST, ""),
        source=unquote(parts.path) if parts.scheme == "file" else uri,
        candidate=version.tags.get("candidate", ""),
        aliases=tuple(sorted(alias for alias, of in aliases.items() if of == number)),
        created=_time(version),
    )


def _time(version: Any) -> datetime:
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
