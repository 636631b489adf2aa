"""From the file to the arguments of a run on a cluster: paths become locations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from mdlc.core.errors import SpecError
from mdlc.core.files import digest_path
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.source_uploads import Sources
from mdlc.pipelines.kubeflow.step_settings import LOG, POINTER, GateTerms, StepSettings
from mdlc.pipelines.stage_arguments import Arguments, Renewal, arguments, of_retraining
from mdlc.state import remote_files
from mdlc.state.workspace import Workspace

Kind = Literal["training", "retraining"]


def artifacts_of(lifecycle: Lifecycle) -> str:
    """Return where all that a lifecycle keeps lies.

    Raises:
        SpecError: the file does not say it.
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
    """Return what every step is told."""
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

    The champion is looked up by the steps, when they run. A retraining's `feedback` that is a file
    here is put into the artifact root; without one the step exports the payload log.
    """
    settings = settings_of(lifecycle, kind=kind, renewal=renewal)
    here = Workspace(lifecycle.name, Path(), Path())
    asked = arguments(
        lifecycle, workspace=here, renewal=Renewal(until=renewal.until), digests=sources.digests
    )
    pointer = remote_files.join(settings.artifacts, POINTER)
    del asked["registry"]
    asked |= {
        "gate": _gate(lifecycle),
        "settings": settings.model_dump_json(),
        "root": sources.root,
        "epoch": epoch,
        "champion": pointer,
    }
    if kind == "retraining":
        location, digest = _feedback(renewal.feedback, artifacts=settings.artifacts)
        asked |= {"feedback": location, "feedback_digest": digest, "warm": pointer}
        asked |= of_retraining(lifecycle.spec.retrain, feedback=True)
    return asked


def epoch_of(age: timedelta | None, *, now: float) -> str:
    """Return the number of the span of length `age` that `now` is in: it ends KFP's own cache."""
    return "" if age is None else str(int(now // max(age.total_seconds(), 1)))


def _gate(lifecycle: Lifecycle) -> str:
    """Return the terms by which a canary is judged in the run; "" where it is not."""
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


def _feedback(path: Path | None, *, artifacts: str) -> tuple[str, str]:
    if path is None:
        return LOG, ""
    digest = digest_path(path)
    location = remote_files.join(artifacts, "feedback", f"{digest}.parquet")
    remote_files.put_file(path, location)
    return location, digest
