"""Schedules: KFP's recurring runs, one for each lifecycle."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.core.files import digest_json
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of
from mdlc.pipelines.kubeflow.cluster_pipeline import Fuse
from mdlc.pipelines.kubeflow.compile_lifecycle import compile_lifecycle
from mdlc.pipelines.kubeflow.kfp_client import KfpClient, Submitted, run_arguments
from mdlc.pipelines.kubeflow.kfp_errors import answering
from mdlc.pipelines.kubeflow.source_uploads import Sources, known, newest
from mdlc.pipelines.stage_arguments import Renewal


@dataclass(frozen=True)
class RunTrigger:
    """When a schedule starts a run: a cron expression of five fields in UTC, or an interval."""

    cron: str | None = None
    seconds: int | None = None


class RecurringRuns:
    """The schedules of lifecycles on one Kubeflow Pipelines."""

    def __init__(self, client: KfpClient) -> None:
        self._client = client

    def add(
        self,
        lifecycle: Lifecycle,
        *,
        trigger: RunTrigger,
        sources: Sources | None,
        fuse: Fuse | None,
    ) -> Submitted:
        """Have KFP start trainings on a schedule.

        An identical schedule is kept; one of this lifecycle with another trigger, version or
        arguments is replaced. The arguments of a schedule never change, so its runs read the
        sources again each time; of uploads they read the newest.
        """
        artifacts = artifacts_of(lifecycle)
        ours = newest(sources or known(lifecycle, artifacts=artifacts), artifacts=artifacts)
        asked = run_arguments(lifecycle, kind="training", renewal=Renewal(), sources=ours)
        asked["epoch"] = ""
        with (
            tempfile.TemporaryDirectory(prefix="mdlc-schedule-") as folder,
            answering(self._client.host),
        ):
            ir = Path(folder) / "pipeline.yaml"
            version = compile_lifecycle(
                lifecycle, ir, entry=self._client.entry, defaults={}, fuse=fuse, fresh=True
            )
            experiment = self._client.experiment(lifecycle.name)
            name = f"{lifecycle.name}-{digest_json([version, asked, vars(trigger)])[:12]}"
            kept = None
            for old in self.all(lifecycle.name):
                if old.display_name == name:
                    kept = old
                else:
                    self._client.kfp.delete_recurring_run(old.recurring_run_id)
            if kept is not None:
                return Submitted(kept.recurring_run_id, name, False, self._link(kept))
            pipeline, version_id = self._client.version(lifecycle, ir, version=version)
            made = self._client.kfp.create_recurring_run(
                experiment,
                name,
                params=asked,
                pipeline_id=pipeline,
                version_id=version_id,
                cron_expression=f"0 {trigger.cron}" if trigger.cron else None,  # KFP's have seconds
                interval_second=trigger.seconds,
                max_concurrency=1,
                no_catchup=True,
                service_account=lifecycle.spec.cluster.service_account,
            )
        return Submitted(made.recurring_run_id, name, True, self._link(made))

    def remove(self, name: str) -> int:
        """Delete a lifecycle's schedules; return how many there were."""
        found = self.all(name)
        with answering(self._client.host):
            for one in found:
                self._client.kfp.delete_recurring_run(one.recurring_run_id)
        return len(found)

    def all(self, name: str) -> list[Any]:
        """Return a lifecycle's schedules."""
        experiment = self._client.known_experiment(name)
        if experiment is None:
            return []
        with answering(self._client.host):
            found = self._client.kfp.list_recurring_runs(experiment_id=experiment, page_size=100)
        ours = re.compile(rf"{re.escape(name)}-[0-9a-f]{{12}}")
        return [one for one in found.recurring_runs or [] if ours.fullmatch(one.display_name)]

    def _link(self, schedule: Any) -> str:
        prefix = self._client.kfp._get_url_prefix()
        return f"{prefix}/#/recurringrun/details/{schedule.recurring_run_id}"
