"""A lifecycle on a cluster: trained by Kubeflow Pipelines, with its state in an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mdlc.api.cluster_results import ClusterSchedule, StageLog, SubmittedRun
from mdlc.api.cluster_serving import ClusterServing
from mdlc.api.located_errors import locates_errors
from mdlc.api.typed_documents import PlanResult
from mdlc.api.work_progress import Shown, shown
from mdlc.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from mdlc.cluster.cluster_status import ClusterStatus
    from mdlc.cluster.submit_run import SourceLocation
    from mdlc.pipelines.kubeflow.kfp_client import KfpClient
    from mdlc.pipelines.kubeflow.run_state import TaskState

Fuse = Literal["none", "light"]
CRON_FIELDS = 5


class ClusterLifecycle(ClusterServing):
    """A lifecycle on a cluster, returned by `Lifecycle.cluster`.

    The cluster must be able to read the sources. `upload` copies those beside the file, and tables
    in memory, to the artifact root (`cluster.artifacts`); `data_root` is the location, such as
    s3://bucket/data, where sources with relative locations are already. With neither, the sources
    of the last upload are used.

    Example:
        there = mdlc.load("lifecycle.yaml").cluster("http://localhost:8888")
        there.submit(upload=True).state.state
        # 'succeeded'
    """

    @locates_errors
    def submit(  # noqa: PLR0913 - all by keyword
        self,
        *,
        upload: bool = False,
        data_root: str | None = None,
        fuse: Fuse | None = None,
        again: bool = False,
        follow: bool = True,
        progress: Shown = None,
    ) -> SubmittedRun:
        """Train and release on Kubeflow Pipelines; pipeline and experiment are created if missing.

        Args:
            upload: Whether to copy the sources to the artifact root.
            data_root: Where sources with relative locations are already.
            fuse: `light`: stages in fewer pods; None: `cluster.fuse` of the file.
            again: Whether to start a new run even if the same was submitted before.
            follow: Whether to wait until the run ends.
            progress: Where the run and its tasks are shown (see `run`).

        Returns:
            The run in its last known state.

        Raises:
            ServiceError: Kubeflow Pipelines or the object store does not answer.
            StageError: the run failed.

        Example:
            there.submit(upload=True).link
        """
        from mdlc.cluster import submit_run

        client = self._client()
        made = submit_run.submit(
            client,
            self._definition,
            file=self._path,
            data=_location(upload, data_root),
            fuse=fuse,
            again=again,
        )
        with shown(progress) as told:
            told.say(f"{'new run' if made.created else 'known run'} {made.run_id}")
            told.say(made.link)

            def tell(task: TaskState) -> None:
                told.say(f"{task.name:<14} {task.state.lower():<10} {task.seconds:7.0f} s")

            state = (
                submit_run.follow(client, made.run_id, told=tell)
                if follow
                else client.state(made.run_id)
            )
        return SubmittedRun(made.run_id, made.name, made.created, made.link, state)

    @locates_errors
    def schedule(
        self,
        *,
        cron: str | None = None,
        every: str | None = None,
        upload: bool = False,
        data_root: str | None = None,
        fuse: Fuse | None = None,
    ) -> ClusterSchedule:
        """Have Kubeflow Pipelines train on a schedule; it replaces the lifecycle's previous one.

        Args:
            cron: Five fields in UTC, such as "0 3 * * 1"; give either `cron` or `every`.
            every: The time between two runs, such as "7d".
            upload: Whether to copy the sources to the artifact root.
            data_root: Where sources with relative locations are already.
            fuse: `light`: stages in fewer pods; None: `cluster.fuse` of the file.

        Returns:
            The schedule, new or kept.

        Raises:
            UsageError: not exactly one of `cron` and `every` is given, or it is malformed.
            ServiceError: Kubeflow Pipelines does not answer.

        Example:
            there.schedule(cron="0 3 * * 1").created
        """
        from mdlc.cluster.submit_run import sources_of
        from mdlc.pipelines.kubeflow.recurring_runs import RecurringRuns, RunTrigger

        seconds = _seconds_between(cron, every)
        made = RecurringRuns(self._client()).add(
            self._definition,
            trigger=RunTrigger(cron=cron, seconds=seconds),
            sources=sources_of(
                self._definition, file=self._path, data=_location(upload, data_root)
            ),
            fuse=fuse,
        )
        return ClusterSchedule(made.run_id, made.created, made.link)

    @locates_errors
    def unschedule(self) -> int:
        """Delete the lifecycle's schedules; return how many there were.

        Raises:
            ServiceError: Kubeflow Pipelines does not answer.

        Example:
            there.unschedule()
            # 1
        """
        from mdlc.pipelines.kubeflow.recurring_runs import RecurringRuns

        return RecurringRuns(self._client()).remove(self.name)

    @locates_errors
    def status(self) -> ClusterStatus:
        """Return the version that serves according to the artifact root, and the newest runs.

        Raises:
            ServiceError: Kubeflow Pipelines or the object store does not answer.

        Example:
            there.status().runs[-1].state
        """
        from mdlc.cluster.cluster_status import cluster_status

        return cluster_status(self._definition, client=self._client())

    @locates_errors
    def plan(self, *, data_root: str | None = None) -> PlanResult:
        """Return what a run would do, according to the cache in the artifact root.

        Args:
            data_root: Where sources with relative locations are; None: those of the last upload.

        Raises:
            ServiceError: the object store does not answer.

        Example:
            there.plan().done
        """
        from mdlc.cluster.submit_run import sources_of
        from mdlc.pipelines.kubeflow.cluster_plan import cluster_plan

        sources = sources_of(self._definition, file=self._path, data=_location(False, data_root))
        return PlanResult.of(cluster_plan(self._definition, sources=sources))

    @locates_errors
    def compile(
        self,
        out: str | Path = "pipeline.yaml",
        *,
        upload: bool = False,
        data_root: str | None = None,
        fuse: Fuse | None = None,
    ) -> str:
        """Write the pipeline as Kubeflow Pipelines' IR, with the file's arguments as defaults.

        Args:
            out: The file to write.
            upload: Whether to copy the sources to the artifact root.
            data_root: Where sources with relative locations are already.
            fuse: `light`: stages in fewer pods; None: `cluster.fuse` of the file.

        Returns:
            The pipeline's version; the same file, data and code give the same version.

        Example:
            mdlc.load("lifecycle.yaml").cluster().compile("pipeline.yaml")
        """
        from mdlc.cluster.submit_run import compile_file

        data = _location(upload, data_root)
        return compile_file(self._definition, file=self._path, out=Path(out), data=data, fuse=fuse)

    @locates_errors
    def logs(
        self,
        stage: str = "training",
        *,
        run: str | None = None,
        lines: int = 500,
        namespace: str = "kubeflow",
    ) -> StageLog:
        """Return the end of a stage's log, from its pod.

        Args:
            stage: The stage's name.
            run: The run's id; None: the newest run.
            lines: The largest number of lines to return.
            namespace: The namespace of the pods.

        Raises:
            DataError: there is no such run, or its pod was deleted.
            ServiceError: the cluster does not answer.

        Example:
            there.logs("training").error
        """
        from mdlc.cluster.stage_logs import error_in, stage_log

        if run is None:
            known = self._client().runs(self.name, count=1)
            if not known:
                message = f"{self.name} has no run there"
                raise DataError(message, hint="start one with mdlc submit")
            run = known[-1].run_id
        text = stage_log(self._kube(), namespace=namespace, run_id=run, stage=stage, lines=lines)
        return StageLog(text, error_in(text))

    def _client(self) -> KfpClient:
        from mdlc.cluster import step_entry
        from mdlc.pipelines.kubeflow.kfp_client import KfpClient

        return KfpClient(
            self._host,
            entry=step_entry.__name__,
            namespace=self._namespace,
            experiment=self._experiment,
        )


def _location(upload: bool, data_root: str | None) -> SourceLocation:
    from mdlc.cluster.submit_run import SourceLocation

    return SourceLocation(upload=upload, root=data_root)


def _seconds_between(cron: str | None, every: str | None) -> int | None:
    """Check a schedule's times; return the seconds between two runs, None for a cron expression."""
    from mdlc.core.spec.base import parse_duration

    if (cron is None) == (every is None):
        raise UsageError("give one of cron and every")
    if cron is not None and len(cron.split()) != CRON_FIELDS:
        raise UsageError(f"{cron!r} does not have {CRON_FIELDS} fields", where="cron")
    try:
        return int(parse_duration(every).total_seconds()) if every is not None else None
    except ValueError as error:
        raise UsageError(str(error), where="every") from error
