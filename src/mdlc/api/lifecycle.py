"""A lifecycle in Python: its methods are the verbs of the command line, which calls them."""

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

    Methods that change something hold the lifecycle against other processes while they run, and
    raise BusyError where another one holds it. All raise the classes of `mdlc.errors`.

    Example:
        lifecycle = mdlc.load("lifecycle.yaml")
        lifecycle.run().winner
        # 'lightgbm'
        lifecycle.predict(rows)["action"]
    """

    @locates_errors
    def run(self, *, force: bool = False, progress: Shown = None) -> RunResult:
        """Train, evaluate and release what pays; what did not change comes from the cache.

        Args:
            force: Use nothing from the cache.
            progress: Where stages are shown.

        Returns:
            The winner, the reasons, the evaluation, and the version that serves.

        Raises:
            DataError: the data break a rule.
            StageError: a stage failed; finished stages are kept.
            BusyError: another process works on it.

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
        """Live through later data: serve, label, watch, retrain, promote; then count the money.

        What really serves is not touched: a replay has a workspace of its own.

        Args:
            begin: First moment (UTC); None: from the end of training.
            end: Last moment (UTC); None: to the end of the data.
            monthly: Whether retraining every month is lived too, beside it.
            progress: Where stages, days and events are shown.

        Returns:
            What happened week by week, and a row for each policy with the money that it earned.

        Raises:
            MdlcError: there is nothing to live through, or the first model is not worth serving.

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
        """See the loop close with real Prometheus, Alertmanager and trigger, in minutes.

        Args:
            window: How long `monitor.window` takes.
            drift: Whether the world changes after a while.
            progress: Where it is shown.

        Returns:
            The steps with their seconds; `problems` is [] if all went as it should.

        Raises:
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
            why: Recorded with the decision.
            force: Even above the budget, or in quiet hours.
            progress: Where stages are shown.

        Returns:
            The ledger's verdict with the outcome, and the evaluation.

        Raises:
            RefusedError: the budget, the cooldown or quiet hours say no, or there are no labels.
            StageError: a stage failed; the ledger has recorded it.

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
        """Write the life so far as one HTML page that needs no network.

        Args:
            out: The page's file; None: report.html in the workspace.

        Returns:
            The report; it shows itself in a notebook.

        Raises:
            ArtifactError: a stored document is not whole.

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
        """Return the same lifecycle on a cluster; nothing is asked before a method is called.

        Args:
            host: URL of Kubeflow Pipelines' API; None: found as kfp finds it, in a pod for example.
            namespace: The profile's, where Kubeflow has many users.
            experiment: None: the lifecycle's name.
            kubeconfig: None: as kubectl.
            context: Of the kubeconfig; None: the current one.

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
