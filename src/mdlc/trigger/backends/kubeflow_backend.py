"""Runs on Kubeflow Pipelines: the trigger submits and watches them, the pipeline releases.

A run goes on when the trigger stops. Its name contains the verdict's id, time and attempt. So if
the trigger is killed after it submitted a run and before it noted that in the ledger, the next
start finds the run by its name and submits no second one. The pointer and the history lie in an
object store; `copy_state` copies them here, so that the trigger reads local files as elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.errors import ArtifactError, from_json
from mdlc.core.files import write_bytes
from mdlc.core.spec import Lifecycle
from mdlc.life.retraining_attempt import UNTIL, renewal_of
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.run_state import RunState, failed
from mdlc.pipelines.stage_arguments import Renewal
from mdlc.retraining.policy import CHANGED
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends import RunReport, failure_report

STATE = ("history.jsonl", "history.jsonl.head", "serving.json")
"""The files that say which version serves, in the order in which a release writes them."""


class RunClient(Protocol):
    """The methods of `pipelines.kubeflow.kfp_client.KfpClient` that the backend uses."""

    def experiment(self, name: str) -> str:
        """Return the id of a lifecycle's experiment."""

    def find(self, name: str, *, experiment: str) -> Any | None:
        """Return the newest run of this name."""

    def submit(self, lifecycle: Lifecycle, *, kind: Any, renewal: Renewal, name: str) -> str:
        """Submit a run, or find it; return its id."""

    def state(self, run_id: str) -> RunState:
        """Return how a run stands."""

    def terminate(self, run_id: str) -> None:
        """End a run."""


class KubeflowBackend:
    """The runs of one lifecycle on Kubeflow Pipelines.

    Args:
        connect: Returns a client. Called at each use, because Kubeflow Pipelines may be away when
            the trigger starts.
        lifecycle: Returns the newest valid content of the lifecycle's file.
    """

    def __init__(
        self, connect: Callable[[], RunClient], *, lifecycle: Callable[[], Lifecycle]
    ) -> None:
        self._connect = connect
        self._lifecycle = lifecycle

    def start(self, verdict: Verdict) -> str:
        """Submit the run, unless an attempt of it is running or has succeeded."""
        lifecycle, found = self._lifecycle(), self._found(verdict)
        if found:
            return found
        said = verdict.evidence.get(UNTIL)
        until = datetime.fromisoformat(said) if said else verdict.time
        asked = renewal_of(
            lifecycle,
            champion=_champion(lifecycle, version=str(verdict.evidence["champion"])),
            until=until,
            changed=CHANGED in verdict.reasons,
        )
        return self._connect().submit(
            asked,
            kind="retraining",
            renewal=Renewal(until=until),
            name=_name(verdict, verdict.attempts),
        )

    def poll(self, verdict: Verdict) -> RunReport | None:
        """Return the outcome that the run's last step recorded; None while the run goes on."""
        state = self._connect().state(verdict.backend_run)
        if state.state == "running":
            return None
        made = state.outcome
        if made is None:
            # The last step did not run either: the cluster ended the run, or the object store
            # cannot be reached.
            why = state.error or "it left no outcome"
            return RunReport(
                outcome="failed",
                detail=f"run {state.name} {state.state}: {why}",
                transient=not state.stopped,
            )
        if made.error:
            return failure_report(from_json(made.error))
        return RunReport(
            outcome=made.outcome,
            detail="; ".join(made.reasons) or state.error,
            version=made.version,
            # No stage recorded an error: its pod was lost, or the object store was away. A run
            # that a person stopped is not retried.
            transient=made.outcome == "failed" and not state.stopped,
        )

    def kept(self, verdict: Verdict) -> bool:
        """Return whether an attempt of the run is running or has succeeded."""
        return bool(self._found(verdict))

    def leave(self, verdict: Verdict) -> None:
        """Do nothing: the run goes on in the cluster, and the next process to claim it finds it."""

    def cancel(self, verdict: Verdict) -> None:
        """Terminate the run."""
        if verdict.backend_run:
            self._connect().terminate(verdict.backend_run)

    def _found(self, verdict: Verdict) -> str:
        """Return the id of the newest attempt that has not failed; "" if there is none."""
        experiment = self._connect().experiment(self._lifecycle().name)
        for attempt in range(verdict.attempts, 0, -1):
            found = self._connect().find(_name(verdict, attempt), experiment=experiment)
            if found is not None and not failed(found):
                return str(found.run_id)
        return ""


def copy_state(lifecycle: Lifecycle, *, workspace: Workspace) -> None:
    """Copy the pointer and the history from the object store, if they differ from the copies here.

    Raises:
        ServiceError: the object store does not answer.
    """
    artifacts = artifacts_of(lifecycle)
    for name in STATE:
        content = remote_files.read_bytes(remote_files.join(artifacts, name))
        here = workspace.folder / name
        if content is not None and (not here.exists() or here.read_bytes() != content):
            write_bytes(here, content)


def _champion(lifecycle: Lifecycle, *, version: str) -> Manifest:
    location = remote_files.join(artifacts_of(lifecycle), "models", version, MANIFEST)
    manifest = remote_files.read_document(location, Manifest)
    if manifest is None:
        raise ArtifactError(f"{location} is missing", hint="release a model with mdlc submit")
    pointer = remote_files.read_document(
        remote_files.join(artifacts_of(lifecycle), "serving.json"), Pointer
    )
    if pointer and pointer.version == version and pointer.digest != manifest.digest:
        raise ArtifactError(f"{location} has been altered: it is not the one that is released")
    return manifest


def _name(verdict: Verdict, attempt: int) -> str:
    return f"{verdict.id}-{verdict.time:%Y%m%dT%H%M%S}-{attempt}"
