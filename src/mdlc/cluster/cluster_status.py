"""The state of a lifecycle on a cluster: the released version and the newest runs."""

from __future__ import annotations

from mdlc.cluster.state_mirror import read_pointer
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.kfp_client import KfpClient
from mdlc.pipelines.kubeflow.step_settings import RunOutcome
from mdlc.state.release_documents import Pointer


class ClusterRun(Document):
    """One run on Kubeflow Pipelines."""

    run_id: str
    name: str
    state: str
    outcome: RunOutcome | None
    error: str
    link: str


class ClusterStatus(Document):
    """The released version, and the runs; the newest last."""

    name: str
    serving: Pointer | None
    runs: list[ClusterRun]


def cluster_status(lifecycle: Lifecycle, *, client: KfpClient) -> ClusterStatus:
    """Return the state, read from Kubeflow Pipelines and the artifact root."""
    runs = [
        ClusterRun(
            run_id=run.run_id,
            name=run.name,
            state=run.state,
            outcome=run.outcome,
            error=run.error,
            link=client.link(run.run_id),
        )
        for run in client.runs(lifecycle.name)
    ]
    return ClusterStatus(
        name=lifecycle.name, serving=read_pointer(artifacts_of(lifecycle)), runs=runs
    )
