"""Deploy: what the pointer says becomes a release folder, and the InferenceService names it.

Order: the folder is whole before it is named; then one server-side apply. A process that is killed
leaves the old release serving, or the new one; the next call goes on from there.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.core.errors import MdlcError, SpecError
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle
from mdlc.core.workspace import Workspace
from mdlc.life.kserve import gateway
from mdlc.life.kserve.follow import Told, follow
from mdlc.life.kserve.objects import Object, Objects
from mdlc.life.kserve.source import (
    current_release,
    released,
    releases_of,
    take_back,
    write_release,
)
from mdlc.life.kserve.storage import put
from mdlc.life.record import history_of
from mdlc.serving.inference.release import Release, release
from mdlc.serving.inference.render import inference_service, split_by_gateway


@dataclass(frozen=True)
class Options:
    """What the verb is told."""

    storage_path: Path | None = None
    """Where the claim of pvc:// is mounted here; None: an upload through the cluster."""
    dry_run: bool = False
    force: bool = False
    following: bool = True
    seconds: float | None = None


class Deployed(Document):
    """What was deployed."""

    name: str
    namespace: str
    release: str
    version: str
    canary: str | None
    ratio: float | None
    storage: str
    written: bool
    """Whether the release's folder is new."""
    changed: bool
    """Whether the InferenceService was another before."""
    ready: bool
    url: str = ""


def deploy(
    lifecycle: Lifecycle, *, place: Workspace, objects: Objects, options: Options, told: Told
) -> Deployed:
    """Serve on the cluster what the pointer says, and follow the rollout.

    Raises:
        RefusedError: somebody else manages a field, or a canary's share would not be honoured.
        ServiceError: it does not become ready; the error says why in words.
    """
    with released(lifecycle, place=place) as source:
        return _deploy(lifecycle, source=source, objects=objects, options=options, told=told)


def roll_back(  # noqa: PLR0913 - a deploy with a reason
    lifecycle: Lifecycle,
    *,
    place: Workspace,
    objects: Objects,
    options: Options,
    told: Told,
    why: str,
) -> Deployed:
    """Drop the canary or go back to the version before, in the history and then on the cluster."""
    if options.dry_run:
        raise MdlcError("a rollback moves the pointer; it has no dry run", hint="mdlc history")
    with released(lifecycle, place=place) as source:
        take_back(lifecycle, place=source, why=why)
    # Again from the start: what was moved is stored by now, whatever becomes of the rollout.
    return deploy(lifecycle, place=place, objects=objects, options=options, told=told)


def rendered(lifecycle: Lifecycle, *, place: Workspace, namespace: str) -> Object:
    """Return the InferenceService of what the pointer says, for others to apply."""
    with released(lifecycle, place=place) as source:
        made = _split(lifecycle, current_release(source), source=source)[0]
        storage = made.location(releases_of(lifecycle))
        return inference_service(lifecycle, release=made, storage=storage, namespace=namespace)


def _deploy(
    lifecycle: Lifecycle, *, source: Workspace, objects: Objects, options: Options, told: Told
) -> Deployed:
    root = releases_of(lifecycle)
    made = current_release(source)
    stable, canary = _split(lifecycle, made, source=source)
    percent = gateway.percent_of(_ratio(made)) if canary else 0
    if canary:
        gateway.require_canaries(objects)
    body = inference_service(
        lifecycle, release=stable, storage=stable.location(root), namespace=objects.namespace
    )
    before = objects.get("InferenceService", lifecycle.name)
    # A dry run first: a field of somebody else's is found before anything is written.
    applied = objects.apply(body, force=options.force, dry_run=True)
    written = False
    if not options.dry_run:
        for one in [stable, *([canary] if canary else [])]:
            written |= _put(
                one, root, source=source, objects=objects, options=options, of=lifecycle
            )
        applied = objects.apply(body, force=options.force)
        told(f"{lifecycle.name}: release {stable.folder} is applied")
        if options.following or canary:
            _follow(lifecycle, objects, release=stable, options=options, told=told)
        if canary:
            _by_gateway(lifecycle, body, canary=canary, percent=percent, objects=objects, told=told)
    return _deployed(
        made, stable, root=root, before=before, applied=applied, written=written
    ).model_copy(
        update={"ready": options.following and not options.dry_run, "url": _url(objects, made)}
    )


def _split(
    lifecycle: Lifecycle, made: Release, *, source: Workspace
) -> tuple[Release, Release | None]:
    """Return what the predictors serve; and, where the gateway splits, the canary's own release."""
    trial = made.pointer.canary
    if trial is None or lifecycle.spec.deploy.kserve.canary == "predictor":
        return made, None
    entries = history_of(source).entries()
    alone = made.pointer.model_copy(update={"canary": None})
    told = {"version": trial.version, "digest": trial.digest, "since": trial.since}
    other = alone.model_copy(update=told | {"promised": trial.promised, "bundle": trial.bundle})
    return (
        release(alone, history=entries, format=made.format),
        release(other, history=entries, format=made.format),
    )


def _put(  # noqa: PLR0913 - a release and where it goes
    made: Release,
    root: str,
    *,
    source: Workspace,
    objects: Objects,
    options: Options,
    of: Lifecycle,
) -> bool:
    with tempfile.TemporaryDirectory(prefix="mdlc-release-") as folder:
        write_release(made, place=source, folder=Path(folder))
        image = of.spec.deploy.kserve.pod.image or ""
        if not image and root.startswith("pvc://") and options.storage_path is None:
            image = _image(objects, of, made)
        return put(
            Path(folder),
            made.location(root),
            objects=objects,
            mounted=options.storage_path,
            image=image,
        )


def _image(objects: Objects, of: Lifecycle, made: Release) -> str:
    """Return the image of the runtime, which can unpack an archive too."""
    body = inference_service(of, release=made, storage="", namespace=objects.namespace)
    name = body["spec"]["predictor"]["model"]["runtime"]
    runtime = objects.get("ServingRuntime", name) or objects.cluster_runtime(name)
    if runtime is None:
        raise SpecError(
            f"the cluster has no serving runtime {name}",
            where="spec.deploy.kserve.runtime",
            hint="apply manifests/base/serving, or name one that is there",
        )
    return str(runtime["spec"]["containers"][0]["image"])


def _follow(
    lifecycle: Lifecycle, objects: Objects, *, release: Release, options: Options, told: Told
) -> None:
    seconds = options.seconds or lifecycle.spec.deploy.kserve.ready_within.total_seconds()
    follow(objects, name=lifecycle.name, release=release.folder, seconds=seconds, told=told)


def _by_gateway(  # noqa: PLR0913 - an applied object and the canary that joins it
    lifecycle: Lifecycle,
    body: Object,
    *,
    canary: Release,
    percent: int,
    objects: Objects,
    told: Told,
) -> None:
    """Add KServe's canary; take it out again if the route does not have its share."""
    storage = canary.location(releases_of(lifecycle))
    objects.apply(split_by_gateway(body, storage=storage, percent=percent, replicas=1))
    told(f"{lifecycle.name}: waiting for a route with {percent} % for {canary.pointer.version}")
    try:
        gateway.await_share(objects, name=lifecycle.name, percent=percent)
    except BaseException:
        objects.apply(body)
        raise


def _ratio(made: Release) -> float:
    return made.pointer.canary.ratio if made.pointer.canary else 0.0


def _deployed(  # noqa: PLR0913 - what was done, piece by piece
    made: Release,
    stable: Release,
    *,
    root: str,
    before: Object | None,
    applied: Object,
    written: bool,
) -> Deployed:
    trial = made.pointer.canary
    was: dict[str, Any] = (before or {}).get("spec", {})
    return Deployed(
        name=made.pointer.name,
        namespace=applied["metadata"]["namespace"],
        release=stable.folder,
        version=made.pointer.version,
        canary=trial.version if trial else None,
        ratio=trial.ratio if trial else None,
        storage=stable.location(root),
        written=written,
        changed=was != applied["spec"],
        ready=False,
    )


def _url(objects: Objects, made: Release) -> str:
    found = objects.get("InferenceService", made.pointer.name) or {}
    return str(found.get("status", {}).get("url", ""))
