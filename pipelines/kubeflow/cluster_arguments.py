"""Makes the arguments of a run on a cluster from the file; paths become object store locations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from mdlc.core.errors import SpecError
from mdlc.core.files import digest_path
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.source_uploads import Sources
from mdlc.pipelines.kubeflow.step_settings import LOG, POINTER, GateTerms, StepSettings
from mdlc.pipelines.stage_arguments import Arguments, Located, Renewal, RunInputs, make_arguments
from mdlc.state import remote_files

Kind = Literal["training", "retraining"]
CLUSTER_ONLY = ("settings", "epoch", "gate")
"""Parameters that a cluster's pipeline has in addition: the settings of all steps, the time span
that bounds KFP's cache, and the terms by which a canary is judged."""
LOCAL_ONLY = ("registry",)
"""Parameters that a cluster's pipeline lacks: its step finds the registry itself."""


def artifacts_of(lifecycle: Lifecycle) -> str:
    """Return the location of a lifecycle's artifacts, cache and released state.

    Raises:
        SpecError: the file has no spec.cluster.artifacts.
    """
    root = lifecycle.spec.cluster.artifacts
    if not root:
        raise SpecError(
            "this key is missing, and a cluster needs it",
            where="spec.cluster.artifacts",
            hint="say where releases and caches lie, such as s3://bucket/mdlc",
        )
    return remote_files.join(root, lifecycle.name)


def settings_of(lifecycle: Lifecycle, *, kind: Kind, renewal: Renewal) -> StepSettings:
    """Return the settings that every step of a run gets."""
    spec = lifecycle.spec
    age, again = spec.cluster.cache.max_age, spec.retrain
    since = None
    used = again.reach(spec.model.split)
    if kind == "retraining" and renewal.until and used:
        since = renewal.until - used
    return StepSettings(
        name=lifecycle.name,
        artifacts=artifacts_of(lifecycle),
        kind=kind,
        cache=spec.cluster.cache.enabled,
        max_age_seconds=age.total_seconds() if age else None,
        since=since,
        canary=spec.deploy.canary.ratio if spec.deploy.canary else None,
    )


def cluster_arguments(
    lifecycle: Lifecycle, *, kind: Kind, renewal: Renewal, sources: Sources, epoch: str
) -> Arguments:
    """Return the arguments of one run.

    The steps look the champion up when they run. If a retraining's `feedback` is a file on this
    machine, it is copied to the artifact root; without it, the step exports the payload log.
    """
    settings = settings_of(lifecycle, kind=kind, renewal=renewal)
    pointer = Located(remote_files.join(settings.artifacts, POINTER))
    again = kind == "retraining"
    asked = make_arguments(
        RunInputs(
            lifecycle,
            root=sources.root,
            digests=sources.digests,
            until=renewal.until,
            feedback=_feedback(renewal.feedback, artifacts=settings.artifacts)
            if again
            else Located(),
            warm=pointer if again else Located(),
            champion=pointer,
        )
    )
    asked = {name: value for name, value in asked.items() if name not in LOCAL_ONLY}
    return asked | {
        "settings": settings.model_dump_json(),
        "epoch": epoch,
        "gate": _gate(lifecycle),
    }


def epoch_of(age: timedelta | None, *, now: float) -> str:
    """Return the number of the time span of length `age` that contains `now` (s since 1970).

    It is an argument of collection. When it changes, KFP's own cache no longer answers.
    """
    return "" if age is None else str(int(now // max(age.total_seconds(), 1)))


def _gate(lifecycle: Lifecycle) -> str:
    """Return the terms by which a run judges its canary; "" if the run does not judge it."""
    gate, canary = lifecycle.spec.cluster.gate, lifecycle.spec.deploy.canary
    if gate is None or canary is None:
        return ""
    terms = GateTerms(
        canary=canary,
        drift=lifecycle.spec.monitor.drift,
        quality=lifecycle.spec.monitor.quality,
        timeout_seconds=gate.timeout.total_seconds(),
        poll_seconds=gate.poll.total_seconds(),
    )
    return terms.model_dump_json()


def _feedback(path: Path | None, *, artifacts: str) -> Located:
    if path is None:
        return Located(LOG)
    digest = digest_path(path)
    location = remote_files.join(artifacts, "feedback", f"{digest}.parquet")
    remote_files.put_file(path, location)
    return Located(location, digest)
