"""A lifecycle in Python; the verbs of the command line call its methods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mdlc.api.lifecycle_checks import LifecycleChecks
from mdlc.api.lifecycle_serving import BY_HAND
from mdlc.api.located_errors import locates_errors
from mdlc.api.run_results import RetrainingResult, RunResult
from mdlc.api.stored_report import Report
from mdlc.api.typed_documents import DataReading, EvaluationResult, ReplayResult
from mdlc.api.work_progress import Shown, shown
from mdlc.core.errors import RefusedError
from mdlc.state.rehearsal_documents import RehearsalRecord

if TYPE_CHECKING:
    from mdlc.api.cluster_lifecycle import ClusterLifecycle


class Lifecycle(LifecycleChecks):
    """A model's whole life: made by `mdlc.load` and `mdlc.init`.

    Methods that change something hold the lifecycle's lock while they run, and raise BusyError if
    another process holds it. All errors are classes of `mdlc.errors`.

    Example:
        lifecycle = mdlc.load("lifecycle.yaml")
        lifecycle.run().winner
        # 'lightgbm'
        lifecycle.predict(rows)["action"]
    """

    @locates_errors
    def run(self, *, force: bool = False, progress: Shown = None) -> RunResult:
        """Train, evaluate and release what pays; stages with unchanged inputs come from the cache.

        Args:
            force: Whether to run every stage, without the cache.
            progress: None: show progress in a notebook or on a terminal; True: elsewhere too, as
                lines on standard error; False: nowhere; or an object with `stage`, `step` and
                `say`.

        Returns:
            The winner, the reasons, the evaluation, and the version that serves.

        Raises:
            DataError: the data break a rule.
            StageError: a stage failed; finished stages are kept.
            BusyError: another process works on the lifecycle.

        Example:
            lifecycle.run().serving
            # '1'
        """
        from mdlc.life.train import train
        from mdlc.pipelines.local.local_runner import LocalRunner
        from mdlc.pipelines.local.warm_server import WarmServer

        with self._workspace.lock(), WarmServer() as server, shown(progress) as told:
            made = train(
                self._definition,
                workspace=self._workspace,
                runner=LocalRunner(self._workspace, server),
                progress=told,
                force=force,
            )
        return RunResult(
            name=self.name,
            cached=made.cached,
            released=made.released,
            serving=made.pointer.version if made.pointer else None,
            evaluation=EvaluationResult.of(made.evaluation),
            reading=DataReading.of(made.reading),
            stages=made.results.stages,
        )

    @locates_errors
    def replay(
        self,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        monthly: bool = True,
        progress: Shown = None,
    ) -> ReplayResult:
        """Replay later data: serve, label, watch, retrain, promote; then count the money.

        A replay has a workspace of its own, so the model that really serves is not touched.

        Args:
            begin: First moment (UTC); None: the end of training.
            end: Last moment (UTC); None: the end of the data.
            monthly: Whether to compare with retraining every month.
            progress: Where stages, days and events are shown (see `run`).

        Returns:
            What happened week by week, and an item for each policy with the money that it earned.

        Raises:
            BusyError: another process works on the lifecycle.
            MdlcError: there are no rows to replay, or the first model is not worth serving.

        Example:
            lifecycle.replay().to_frame()[["name", "net"]]
        """
        from mdlc.replay.run_replay import run_replay

        with self._workspace.lock(), shown(progress) as told:
            lived = run_replay(
                self._definition,
                workspace=self._workspace,
                begin=begin,
                end=end,
                progress=told,
                monthly=monthly,
            )
        return ReplayResult.of(lived)

    @locates_errors
    def rehearse(
        self,
        *,
        window: timedelta = timedelta(seconds=20),
        drift: bool = True,
        progress: Shown = None,
    ) -> RehearsalRecord:
        """Run the loop in minutes with real Prometheus, Alertmanager and trigger.

        Args:
            window: The real time that `monitor.window` is compressed to.
            drift: Whether the target starts to follow another rule after a while.
            progress: Where progress is shown (see `run`).

        Returns:
            The steps with their seconds; `problems` is [] if the whole loop worked.

        Raises:
            BusyError: another process works on the lifecycle.
            MdlcError: a program is not installed, or does not start.

        Example:
            lifecycle.rehearse().passed
            # True
        """
        from mdlc.rehearsal.run_rehearsal import RehearsalPlan, rehearse

        plan = RehearsalPlan(window=window, drift=drift)
        with self._workspace.lock(), shown(progress) as told:
            return rehearse(self._definition, workspace=self._workspace, plan=plan, progress=told)

    @locates_errors
    def retrain(
        self, why: str = BY_HAND, *, force: bool = False, progress: Shown = None
    ) -> RetrainingResult:
        """Retrain on the labels that came in; the challenger replaces a champion that earns less.

        Args:
            why: The reason, recorded with the decision.
            force: Whether to retrain even beyond the budget, in a freeze or in quiet hours.
            progress: Where stages are shown (see `run`).

        Returns:
            The ledger's verdict with the outcome, and the evaluation.

        Raises:
            RefusedError: the policy refuses (budget, freeze, quiet hours, another run, a canary on
                trial), or there are no labels.
            StageError: a stage failed; the ledger has recorded it.
            BusyError: another process works on the lifecycle.

        Example:
            lifecycle.retrain("new routes from May").outcome
            # 'promoted'
        """
        from mdlc.life.retraining_request import RetrainingRequest, retrain
        from mdlc.pipelines.local.local_runner import LocalRunner
        from mdlc.pipelines.local.warm_server import WarmServer

        request = RetrainingRequest(datetime.now(UTC), ["manual"], {"why": why}, force=force)
        with self._workspace.lock(), WarmServer() as server, shown(progress) as told:
            made = retrain(
                self._definition,
                workspace=self._workspace,
                runner=LocalRunner(self._workspace, server),
                request=request,
                progress=told,
            )
        if made.verdict.decision != "run":
            raise RefusedError(f"retraining: {made.verdict.why}", hint="see mdlc status")
        judged = EvaluationResult.of(made.evaluation) if made.evaluation else None
        return RetrainingResult(verdict=made.verdict, evaluation=judged, pointer=made.pointer)

    @locates_errors
    def report(self, out: str | Path | None = None) -> Report:
        """Write a report of the lifecycle so far: one HTML page that needs no network.

        Args:
            out: The page's file; None: report.html in the workspace.

        Returns:
            The report; a notebook displays it.

        Raises:
            ArtifactError: a stored document is damaged.

        Example:
            lifecycle.report("report.html").path
        """
        from mdlc.life.gather_report import report

        target = Path(out) if out is not None else None
        return Report(report(self._definition, workspace=self._workspace, out=target))

    def cluster(
        self,
        host: str | None = None,
        *,
        namespace: str | None = None,
        experiment: str | None = None,
        kubeconfig: str | None = None,
        context: str | None = None,
    ) -> ClusterLifecycle:
        """Return the same lifecycle on a cluster; the cluster is contacted only by its methods.

        Args:
            host: URL of Kubeflow Pipelines' API; None: found as kfp finds it, in a pod for example.
            namespace: The namespace of a Kubeflow profile, if Kubeflow has several users.
            experiment: The experiment; None: the lifecycle's name.
            kubeconfig: Path of a kubeconfig; None: found as kubectl finds it.
            context: Context of the kubeconfig; None: the current one.

        Example:
            lifecycle.cluster("http://localhost:8888").submit()
        """
        from mdlc.api.cluster_lifecycle import ClusterLifecycle

        return ClusterLifecycle(
            self._definition,
            workspace=self._workspace,
            file=self._file,
            host=host,
            namespace=namespace,
            experiment=experiment,
            kubeconfig=kubeconfig,
            context=context,
        )
