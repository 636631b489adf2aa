"""What a lifecycle says before it runs: whether a run would work, and what it would do."""

from __future__ import annotations

from typing import Self

from mdlc.api.lifecycle_serving import LifecycleServing
from mdlc.api.located_errors import locates_errors
from mdlc.api.typed_documents import DataReading, PlanResult
from mdlc.api.work_progress import Shown, shown


class LifecycleChecks(LifecycleServing):
    """The half of a lifecycle that looks ahead; see `Lifecycle`."""

    @locates_errors
    def validate(self, *, data: bool = True, progress: Shown = None) -> Self:
        """Check that a run would come as far as training.

        Args:
            data: False: the sources are left alone; the file itself was checked when it was loaded.
            progress: Where it is said what the data are like, if they are refused.

        Returns:
            The lifecycle, so that calls can follow each other.

        Raises:
            DataError: a source is missing or cannot be read, or the data break a rule.
            SpecError: the file names a column that the data lack.

        Example:
            mdlc.load("lifecycle.yaml").validate().run()
        """
        if data:
            self.read_data(progress=progress)
        return self

    @locates_errors
    def read_data(self, *, progress: Shown = None) -> DataReading:
        """Read the data as a run does, up to training, and return what is said about them.

        Nothing is kept: the stages write into a folder that is thrown away.

        Args:
            progress: Where it is said what the data are like, if they are refused.

        Returns:
            How values were read where another reading was possible, which columns are no features
            and why, and what exploration warns of.

        Raises:
            DataError: a source is missing or cannot be read, or the data break a rule.
            SpecError: the file names a column that the data lack.

        Example:
            lifecycle.read_data().lines()
            # ['rows.zip: it is kept as text, for its leading zeros, as in 01234; ...']
        """
        from mdlc.life.check_data import check_data

        with shown(progress) as told:
            found = check_data(self._definition, root=self._workspace.root, say=told.say)
        return DataReading.of(found)

    @locates_errors
    def plan(self) -> PlanResult:
        """Return what a run would do: which stages are cached, which would run, and why.

        Returns:
            A row for each stage with `state` (cached, run, depends), `why`, and the `seconds` that
            it took the last time.

        Raises:
            DataError: a source is missing.

        Example:
            lifecycle.plan().to_frame()[["stage", "state"]]
        """
        from mdlc.life.train import choose_arguments
        from mdlc.pipelines.local.local_runner import LocalRunner
        from mdlc.pipelines.local.warm_server import WarmServer

        runner = LocalRunner(self._workspace, WarmServer())
        asked = choose_arguments(self._definition, workspace=self._workspace, runner=runner)
        return PlanResult.of(runner.plan(asked))
