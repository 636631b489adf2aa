"""Puts the trigger together: which backend, and who looks after canaries."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mdlc.canary.canary_judge import by_prometheus, judge_lifecycle_canary
from mdlc.canary.canary_verdict import CanaryVerdict
from mdlc.core.errors import MdlcError, closest
from mdlc.life.releases import current
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.services.json_logs import log
from mdlc.state.workspace import Workspace
from mdlc.trigger.backends.local_backend import LocalBackend
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.trigger_server import TriggerOptions, serve

REMOTE_SECONDS = 30
"""Between two looks at a canary whose bundles lie in an object store."""
Place = Callable[[LifecycleEntry], AbstractContextManager[Workspace]]


def start(
    files: Sequence[Path], *, home: Path | None, backend: str, options: TriggerOptions
) -> None:
    """Run the trigger until it is stopped.

    Raises:
        MdlcError: no such backend; those of `serve`.
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
            trials=CanaryWatch(
                options.prometheus, workspace=lambda watched: nullcontext(watched.workspace)
            ),
        )
    elif backend == "kubeflow":
        _on_kubeflow(files, home=home, options=options)
    else:
        raise MdlcError(f"no backend {backend}", hint=closest(backend, ("local", "kubeflow")))


def _on_kubeflow(files: Sequence[Path], *, home: Path | None, options: TriggerOptions) -> None:
    from mdlc.cluster.state_mirror import mirrored
    from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient
    from mdlc.trigger.backends.kubeflow_backend import KubeflowBackend, copy_state

    connect = functools.cache(KfpClient)

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


class CanaryWatch:
    """Judges the canary of a lifecycle, if one stands, by what Prometheus counted.

    `workspace` lends the workspace whose canary is promoted or dropped. With `gate` a file may leave
    the judgement to the run's last step (spec.cluster.gate): no Prometheus is missed before that
    gives up.
    """

    def __init__(
        self, url: str | None, *, workspace: Place, every_seconds: float = 0, gate: bool = False
    ) -> None:
        self._prometheus = Prometheus(url) if url else None
        self._workspace = workspace
        self._gate = gate
        self._every = every_seconds
        self._looked: dict[str, float] = {}
        self._said: dict[str, str] = {}

    def __call__(self, watched: LifecycleEntry) -> None:
        """Look once; promote it or roll it back if that is due.

        Raises:
            MdlcError: a canary stands, and there is no Prometheus to judge it by.
        """
        pointer = current(watched.workspace)
        if pointer is None or pointer.canary is None:
            return
        if self._prometheus is None:
            gate = watched.lifecycle.spec.cluster.gate if self._gate else None
            if gate and watched.clock() < pointer.canary.since + gate.timeout:
                return
            raise MdlcError(
                f"version {pointer.canary.version} of {watched.name} is on trial and is not judged",
                hint="give --prometheus, or use mdlc promote or mdlc rollback",
            )
        if time.monotonic() < self._looked.get(watched.name, -self._every) + self._every:
            return
        self._looked[watched.name] = time.monotonic()
        counts = by_prometheus(self._prometheus, model=watched.name)
        with self._workspace(watched) as workspace:
            judged = judge_lifecycle_canary(
                workspace, watched.lifecycle, counts=counts, now=watched.clock()
            )
        self._tell(watched, judged)

    def _tell(self, watched: LifecycleEntry, judged: CanaryVerdict) -> None:
        said = f"{judged.version} {judged.action}"
        if judged.action != "wait" or self._said.get(watched.name) != said:
            log(
                "canary",
                level=logging.WARNING if judged.action == "roll_back" else logging.INFO,
                model=watched.name,
                version=judged.version,
                action=judged.action,
                why=judged.why,
            )
        self._said[watched.name] = said
