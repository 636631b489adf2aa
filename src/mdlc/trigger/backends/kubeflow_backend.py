"""Runs on Kubeflow Pipelines: the trigger submits and watches, the pipeline releases.

A run goes on without the trigger. Its name has the verdict's id, time and attempt, so one that was
submitted, and not noted in the ledger before a kill, is found again and not made twice. What serves
lies in an object store; its small files are copied here, so that the trigger reads them as ever.
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
from mdlc.state.watch_documents import Verdict
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends import RunReport, failure_report

STATE = ("history.jsonl", "history.jsonl.head", "serving.json")
"""What tells which version serves, in the order in which a release writes it."""


class RunClient(Protocol):
    """What is used of `pipelines.kubeflow.kfp_client.KfpClient`."""

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
    """Runs of one lifecycle; `lifecycle` returns the newest valid content of its file.

    `connect` is asked at each use: Kubeflow Pipelines may be away when the trigger starts.
    """

    def __init__(
        self, connect: Callable[[], RunClient], *, lifecycle: Callable[[], Lifecycle]
    ) -> None:
        self._connect = connect
        self._lifecycle = lifecycle

    def start(self, verdict: Verdict) -> str:
        """Submit the run, unless an attempt of it goes on or has ended well."""
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
        """Return what the run wrote down at its end."""
        state = self._connect().state(verdict.backend_run)
        if state.state == "running":
            return None
        made = state.outcome
        if made is None:
            # Not even its last step ran: the cluster ended it, or the object store is out of reach.
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
            # No stage said why: its pod was lost, or the object store was away. A person who ended
            # it meant it.
            transient=made.outcome == "failed" and not state.stopped,
        )

    def kept(self, verdict: Verdict) -> bool:
        """Say whether a run of it goes on, or has ended well."""
        return bool(self._found(verdict))

    def leave(self, verdict: Verdict) -> None:
        """Do nothing: the run goes on, and whoever claims it next finds it."""

    def cancel(self, verdict: Verdict) -> None:
        """Terminate the run."""
        if verdict.backend_run:
            self._connect().terminate(verdict.backend_run)

    def _found(self, verdict: Verdict) -> str:
        """Return the id of a run of it that has not failed; "" if there is none."""
        experiment = self._connect().experiment(self._lifecycle().name)
        for attempt in range(verdict.attempts, 0, -1):
            found = self._connect().find(_name(verdict, attempt), experiment=experiment)
            if found is not None and not failed(found):
                return str(found.run_id)
        return ""


def copy_state(lifecycle: Lifecycle, *, workspace: Workspace) -> None:
    """Copy what serves, and its history, from the object store, where it differs.

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
    return manifest


def _name(verdict: Verdict, attempt: int) -> str:
    return f"{verdict.id}-{verdict.time:%Y%m%dT%H%M%S}-{attempt}"
