"""What a cluster has and lacks for mdlc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdlc.api.lifecycle import Lifecycle
from mdlc.api.typed_documents import DocumentList
from mdlc.cluster.cluster_checks import CheckTargets, ClusterCheck, healthy, run_checks

if TYPE_CHECKING:
    from mdlc.kubernetes.api_client import Kube
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient


class ClusterCheckup(DocumentList[ClusterCheck]):
    """The answers to all questions, a table too."""

    @property
    def healthy(self) -> bool:
        """Whether nothing is missing that mdlc cannot work without."""
        return healthy(list(self))


def check_cluster(
    lifecycle: Lifecycle | None = None,
    *,
    host: str | None = None,
    namespace: str = "kubeflow",
    kubeconfig: str | None = None,
    context: str | None = None,
) -> ClusterCheckup:
    """Check what a cluster has and lacks; changes nothing there.

    Args:
        lifecycle: One that is to live there: its artifact root is asked too.
        host: URL of Kubeflow Pipelines' API; None: it is not asked.
        namespace: Where the lifecycle is to live.
        kubeconfig: None: as kubectl.
        context: None: the current one.

    Returns:
        An answer for each question, with the next step where something is missing.

    Example:
        mdlc.check_cluster(host="http://localhost:8888").healthy
    """

    def kube() -> Kube:
        from mdlc.kubernetes.api_client import Kube

        return Kube(kubeconfig=kubeconfig, context=context)

    def client() -> KfpClient:
        from mdlc.cluster import step_entry
        from mdlc.pipelines.kubeflow.kfp_client import KfpClient

        return KfpClient(host, entry=step_entry.__name__)

    targets = CheckTargets(
        kube=kube,
        client=client if host else None,
        namespace=namespace,
        lifecycle=lifecycle.definition if lifecycle else None,
    )
    return ClusterCheckup(run_checks(targets))
