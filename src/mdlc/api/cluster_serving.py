"""Serving on a cluster: the released state in an object store, and KServe."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdlc.api.lifecycle_serving import BY_HAND, rolled_back
from mdlc.api.located_errors import locates_errors
from mdlc.api.run_results import RollbackResult
from mdlc.api.work_progress import Shown, shown
from mdlc.core.spec import Lifecycle as LifecycleFile
from mdlc.life import releases
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace

if TYPE_CHECKING:
    from mdlc.kserve.deploy_release import DeployResult
    from mdlc.kubernetes.api_client import Kube


class ClusterServing:
    """The serving half of a lifecycle on a cluster; see `ClusterLifecycle`."""

    def __init__(  # noqa: PLR0913 - where a lifecycle lives; all but one by keyword
        self,
        definition: LifecycleFile,
        *,
        workspace: Workspace,
        file: Path | None = None,
        host: str | None = None,
        namespace: str | None = None,
        experiment: str | None = None,
        kubeconfig: str | None = None,
        context: str | None = None,
    ) -> None:
        self._definition = definition
        self._workspace = workspace
        self._file = file
        self._host = host
        self._namespace = namespace
        self._experiment = experiment
        self._kubeconfig = kubeconfig
        self._context = context

    def __repr__(self) -> str:
        return f"<ClusterLifecycle {self.name}>"

    @property
    def name(self) -> str:
        """The lifecycle's name."""
        return self._definition.name

    @property
    def file(self) -> Path | None:
        """The file that it was loaded from; None if it was loaded from a dict."""
        return self._file

    @locates_errors
    def promote(self, why: str = BY_HAND) -> Pointer:
        """Make the canary the champion in the artifact root, which predictors follow.

        Args:
            why: The reason, recorded in the history.

        Returns:
            The pointer, which names the version that serves now.

        Raises:
            MdlcError: there is no canary.
            BusyError: another process changed the state in the meantime.

        Example:
            there.promote("two days without a complaint").version
        """
        with self._mirrored() as workspace:
            return releases.promote(workspace, time=datetime.now(UTC), why=why)

    @locates_errors
    def rollback(self, why: str = BY_HAND) -> RollbackResult:
        """Drop the canary in the artifact root; without a canary, serve the previous version.

        Args:
            why: The reason, recorded in the history.

        Returns:
            The version that serves now, and the version that was dropped.

        Raises:
            MdlcError: there is no previous version.
            BusyError: another process changed the state in the meantime.

        Example:
            there.rollback("complaints").pointer.version
        """
        with self._mirrored(before=True) as workspace:
            return rolled_back(workspace, why=why)

    @locates_errors
    def deploy(  # noqa: PLR0913 - all by keyword
        self,
        *,
        namespace: str | None = None,
        rollback: bool = False,
        why: str = BY_HAND,
        dry_run: bool = False,
        follow: bool = True,
        timeout: float | None = None,
        storage_path: Path | None = None,
        force: bool = False,
        progress: Shown = None,
    ) -> DeployResult:
        """Serve the released version with KServe; if that fails, the old one goes on serving.

        Args:
            namespace: The namespace; None: the file's, or default.
            rollback: Whether to roll back first: drop the canary, or else go back one version.
            why: The reason of a rollback, recorded in the history.
            dry_run: Whether the API server only checks the object; nothing is changed.
            follow: Whether to wait until it serves.
            timeout: Seconds to wait; None: `deploy.kserve.ready_within`.
            storage_path: Where the volume claim of a pvc:// location is mounted on this machine.
            force: Whether to overwrite fields that another field manager has set.
            progress: Where the rollout is shown (see `Lifecycle.run`).

        Returns:
            What was deployed, and its URL.

        Raises:
            RefusedError: another field manager has set a field, and `force` is False.
            ServiceError: it does not become ready; the message says why.

        Example:
            mdlc.load("lifecycle.yaml").cluster().deploy(namespace="models")
        """
        from mdlc.kserve import deploy_release
        from mdlc.kubernetes.object_client import ObjectClient

        chosen = self._release_namespace(namespace)
        options = deploy_release.DeployOptions(storage_path, dry_run, force, follow, timeout)
        with shown(progress) as told:
            given: dict[str, Any] = {
                "workspace": self._workspace,
                "objects": ObjectClient(self._kube(), namespace=chosen),
                "options": options,
                "told": told.say,
            }
            if rollback:
                return deploy_release.roll_back(self._definition, why=why, **given)
            return deploy_release.deploy(self._definition, **given)

    @locates_errors
    def inference_service(self, *, namespace: str | None = None) -> dict[str, Any]:
        """Return the InferenceService of the released version; the cluster is not contacted.

        Args:
            namespace: The namespace; None: the file's, or default.

        Returns:
            The object as a dictionary.

        Raises:
            MdlcError: nothing was released yet.

        Example:
            lifecycle.cluster().inference_service()["kind"]
            # 'InferenceService'
        """
        from mdlc.kserve.deploy_release import rendered

        chosen = self._release_namespace(namespace)
        return rendered(self._definition, workspace=self._workspace, namespace=chosen)

    @property
    def _path(self) -> Path:
        """The file, or the path it would have; relative sources start from its folder."""
        return self._file or self._workspace.root / "lifecycle.yaml"

    def _release_namespace(self, namespace: str | None) -> str:
        return namespace or self._definition.metadata.namespace or "default"

    def _mirrored(self, *, before: bool = False) -> Any:
        from mdlc.cluster.state_mirror import mirrored
        from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of

        return mirrored(artifacts_of(self._definition), name=self.name, before=before)

    def _kube(self) -> Kube:
        from mdlc.kubernetes.api_client import Kube

        return Kube(kubeconfig=self._kubeconfig, context=self._context)
