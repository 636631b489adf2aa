"""The state of a life on a cluster: what serves there, and its newest runs."""

from __future__ import annotations

from mdlc.core.documents.serving import Pointer
from mdlc.core.files import Document
from mdlc.core.spec import Lifecycle
from mdlc.life.cluster.mirror import read_pointer
from mdlc.pipelines.kubeflow.arguments import artifacts_of
from mdlc.pipelines.kubeflow.client import Client
from mdlc.pipelines.kubeflow.settings import Outcome


class ClusterRun(Document):
    """One run on Kubeflow Pipelines."""

    run_id: str
    name: str
    state: str
    outcome: Outcome | None
    error: str
    link: str


class ClusterStatus(Document):
    """What serves, and what ran; the newest last."""

    name: str
    serving: Pointer | None
    runs: list[ClusterRun]


def cluster_status(lifecycle: Lifecycle, *, client: Client) -> ClusterStatus:
    """Ask Kubeflow Pipelines and the artifact root."""
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
