"""Checks what mdlc needs of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdlc.api.lifecycle import Lifecycle
from mdlc.api.typed_documents import DocumentList
from mdlc.cluster.cluster_checks import CheckTargets, ClusterCheck, healthy, run_checks

if TYPE_CHECKING:
    from mdlc.kubernetes.api_client import Kube
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient


class ClusterCheckup(DocumentList[ClusterCheck]):
    """The results of all checks; `to_frame()` makes a table of them."""

    @property
    def healthy(self) -> bool:
        """Whether everything that mdlc needs is there."""
        return healthy(list(self))


def check_cluster(
    lifecycle: Lifecycle | None = None,
    *,
    host: str | None = None,
    namespace: str = "kubeflow",
    kubeconfig: str | None = None,
    context: str | None = None,
) -> ClusterCheckup:
    """Check what mdlc needs of a cluster; nothing is changed there.

    Args:
        lifecycle: A lifecycle that is to run there; its artifact root is checked too.
        host: URL of Kubeflow Pipelines' API; None: it is not checked.
        namespace: The namespace in which the lifecycle is to run.
        kubeconfig: Path of a kubeconfig; None: found as kubectl finds it.
        context: Context of the kubeconfig; None: the current one.

    Returns:
        A result for each check, with a hint if something is missing. A cluster that does not answer
        is such a result, not an error.

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
