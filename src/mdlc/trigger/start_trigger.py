"""Assembles the trigger: chooses the backend, and who judges canaries."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mdlc.canary.canary_watch import CanaryWatch
from mdlc.core.errors import MdlcError, closest
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends.local_backend import LocalBackend
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.trigger_server import TriggerOptions, serve

REMOTE_SECONDS = 30
"""Least time between two looks at a canary whose bundles lie in an object store."""


def start(
    files: Sequence[Path], *, home: Path | None, backend: str, options: TriggerOptions
) -> None:
    """Run the trigger until it is stopped.

    Raises:
        MdlcError: there is no such backend; and the errors of `trigger_server.serve`.
    """
    if backend == "local":
        secrets = {options.token_env} if options.token_env else set()
        serve(
            files,
            home=home,
            options=options,
            backend=lambda watched: LocalBackend(
                watched.file, workspace=watched.workspace, secrets=secrets
            ),
            trials=CanaryWatch(options.prometheus, workspace=_own),
        )
    elif backend == "kubeflow":
        _on_kubeflow(files, home=home, options=options)
    else:
        raise MdlcError(f"no backend {backend}", hint=closest(backend, ("local", "kubeflow")))


def _own(watched: LifecycleEntry) -> AbstractContextManager[Workspace]:
    return nullcontext(watched.workspace)


def _on_kubeflow(files: Sequence[Path], *, home: Path | None, options: TriggerOptions) -> None:
    from mdlc.cluster import step_entry
    from mdlc.cluster.state_mirror import mirrored
    from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient
    from mdlc.trigger.backends.kubeflow_backend import KubeflowBackend, copy_state

    @functools.cache
    def connect() -> KfpClient:
        return KfpClient(entry=step_entry.__name__)

    def workspace(watched: LifecycleEntry) -> AbstractContextManager[Workspace]:
        return mirrored(artifacts_of(watched.lifecycle), name=watched.name)

    serve(
        files,
        home=home,
        options=options,
        backend=lambda watched: KubeflowBackend(connect, lifecycle=lambda: watched.lifecycle),
        trials=CanaryWatch(
            options.prometheus, workspace=workspace, every_seconds=REMOTE_SECONDS, gate=True
        ),
        state=lambda watched: copy_state(watched.lifecycle, workspace=watched.workspace),
    )
