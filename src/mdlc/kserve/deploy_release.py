"""Deploy: what the pointer says becomes a release folder, and the InferenceService names it.

Order: the folder is whole before it is named; then one server-side apply. A process that is killed
leaves the old release serving, or the new one; the next call goes on from there.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from mdlc.core.errors import MdlcError, SpecError
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle
from mdlc.kserve import gateway_canary
from mdlc.kserve.follow_rollout import Told, follow
from mdlc.kserve.inference_service import inference_service, split_by_gateway
from mdlc.kserve.release_folder import ReleaseFolder, release
from mdlc.kserve.release_source import (
    current_release,
    released,
    releases_of,
    take_back,
    write_release,
)
from mdlc.kserve.release_storage import put
from mdlc.kubernetes.object_client import Object, ObjectClient
from mdlc.life.release_record import history_of
from mdlc.state.workspace import Workspace


@dataclass(frozen=True)
class DeployOptions:
    """What the verb is told."""

    storage_path: Path | None = None
    """Where the claim of pvc:// is mounted here; None: an upload through the cluster."""
    dry_run: bool = False
    force: bool = False
    following: bool = True
    seconds: float | None = None


class DeployResult(Document):
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
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    objects: ObjectClient,
    options: DeployOptions,
    told: Told,
) -> DeployResult:
    """Serve on the cluster what the pointer says, and follow the rollout.

    Raises:
        RefusedError: somebody else manages a field, or a canary's share would not be honoured.
        ServiceError: it does not become ready; the error says why in words.
    """
    with released(lifecycle, workspace=workspace) as source:
        made = _apply(lifecycle, source=source, objects=objects, options=options)
    # The lifecycle is not held while it is followed: others may want to promote or roll back.
    stable, canary = made.stable, made.canary
    if options.dry_run:
        return made.summary(ready=False, url="")
    told(f"{lifecycle.name}: release {stable.folder} is applied")
    if options.following or canary:
        _follow(lifecycle, objects, release=stable, options=options, told=told)
    if canary:
        _by_gateway(made, canary=canary, objects=objects, told=told)
    found = objects.get("InferenceService", lifecycle.name) or {}
    url = str(found.get("status", {}).get("url", ""))
    return made.summary(ready=options.following, url=url)


def roll_back(  # noqa: PLR0913 - a deploy with a reason
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    objects: ObjectClient,
    options: DeployOptions,
    told: Told,
    why: str,
) -> DeployResult:
    """Drop the canary or go back to the version before, in the history and then on the cluster."""
    if options.dry_run:
        raise MdlcError("a rollback moves the pointer; it has no dry run", hint="mdlc history")
    with released(lifecycle, workspace=workspace, before=True) as source:
        take_back(source, why=why)
    # Again from the start: what was moved is stored by now, whatever becomes of the rollout.
    return deploy(lifecycle, workspace=workspace, objects=objects, options=options, told=told)


def rendered(lifecycle: Lifecycle, *, workspace: Workspace, namespace: str) -> Object:
    """Return the InferenceService of what the pointer says, for others to apply."""
    with released(lifecycle, workspace=workspace) as source:
        made = _split(lifecycle, current_release(source), source=source)[0]
        storage = made.location(releases_of(lifecycle))
        return inference_service(lifecycle, release=made, storage=storage, namespace=namespace)


@dataclass(frozen=True)
class _Applied:
    """What was applied, and what was there before."""

    release: ReleaseFolder
    """What the pointer says."""
    stable: ReleaseFolder
    """What predictors serve: the same, without a canary that the gateway splits off."""
    canary: ReleaseFolder | None
    root: str
    body: Object
    before: Object | None
    after: Object
    written: bool

    def summary(self, *, ready: bool, url: str) -> DeployResult:
        """Return it in short."""
        pointer, was = self.release.pointer, (self.before or {}).get("spec")
        return DeployResult(
            name=pointer.name,
            namespace=self.after["metadata"]["namespace"],
            release=self.stable.folder,
            version=pointer.version,
            canary=pointer.canary.version if pointer.canary else None,
            ratio=pointer.canary.ratio if pointer.canary else None,
            storage=self.stable.location(self.root),
            written=self.written,
            changed=was != self.after["spec"],
            ready=ready,
            url=url,
        )


def _apply(
    lifecycle: Lifecycle, *, source: Workspace, objects: ObjectClient, options: DeployOptions
) -> _Applied:
    """Put the release's folder where it belongs, then name it."""
    root, made = releases_of(lifecycle), current_release(source)
    stable, canary = _split(lifecycle, made, source=source)
    if canary:
        gateway_canary.percent_of(_ratio(made))
        gateway_canary.require_canaries(objects)
    body = inference_service(
        lifecycle, release=stable, storage=stable.location(root), namespace=objects.namespace
    )
    before = objects.get("InferenceService", lifecycle.name)
    # A dry run first: a field of somebody else's is found before anything is written.
    after = objects.apply(body, force=options.force, dry_run=True)
    written = False
    if not options.dry_run:
        serving = _serving(before)
        for one in [stable, *([canary] if canary else [])]:
            if one.location(root) != serving:
                put_there = _put(
                    one, root, source=source, objects=objects, options=options, of=lifecycle
                )
                written = written or put_there
        after = objects.apply(body, force=options.force)
    return _Applied(made, stable, canary, root, body, before, after, written)


def _split(
    lifecycle: Lifecycle, made: ReleaseFolder, *, source: Workspace
) -> tuple[ReleaseFolder, ReleaseFolder | None]:
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
    made: ReleaseFolder,
    root: str,
    *,
    source: Workspace,
    objects: ObjectClient,
    options: DeployOptions,
    of: Lifecycle,
) -> bool:
    with tempfile.TemporaryDirectory(prefix="mdlc-release-") as folder:
        write_release(made, workspace=source, folder=Path(folder))
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


def _image(objects: ObjectClient, of: Lifecycle, made: ReleaseFolder) -> str:
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
    lifecycle: Lifecycle,
    objects: ObjectClient,
    *,
    release: ReleaseFolder,
    options: DeployOptions,
    told: Told,
) -> None:
    seconds = options.seconds or lifecycle.spec.deploy.kserve.ready_within.total_seconds()
    follow(
        objects,
        name=lifecycle.name,
        release=release.folder,
        seconds=seconds,
        told=told,
        canary=release.pointer.canary is not None,
    )


def _by_gateway(
    made: _Applied, *, canary: ReleaseFolder, objects: ObjectClient, told: Told
) -> None:
    """Add KServe's canary; take it out again if the route does not have its share."""
    storage, percent = canary.location(made.root), gateway_canary.percent_of(_ratio(made.release))
    name, version = canary.pointer.name, canary.pointer.version
    objects.apply(split_by_gateway(made.body, storage=storage, percent=percent, replicas=1))
    told(f"{name}: waiting for a route that gives version {version} {percent} %")
    try:
        gateway_canary.await_share(objects, name=name, percent=percent)
    except BaseException:
        objects.apply(made.body)
        raise


def _serving(service: Object | None) -> str:
    """Return the folder that predictors serve, ready: it need not be looked for. "" if none."""
    found = service or {}
    conditions = found.get("status", {}).get("conditions", [])
    if not any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        return ""
    return str(found["spec"]["predictor"].get("model", {}).get("storageUri", ""))


def _ratio(made: ReleaseFolder) -> float:
    return made.pointer.canary.ratio if made.pointer.canary else 0.0
