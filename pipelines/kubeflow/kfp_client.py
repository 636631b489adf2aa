"""A client of Kubeflow Pipelines' API: pipelines and versions, experiments, runs.

Calls may be repeated: everything is looked up by name before it is created, so a call that was
interrupted can be made again, and of two simultaneous calls only one creates the run. Credentials
are found as kfp finds them (KF_PIPELINES_* variables, the pod's own token, ~/.config/kfp), or are a
token or cookies in MDLC_KFP_TOKEN and MDLC_KFP_COOKIES.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.core.errors import ServiceError
from mdlc.core.files import digest_json
from mdlc.core.spec import Lifecycle
from mdlc.pipelines.kubeflow.cluster_arguments import (
    Kind,
    artifacts_of,
    cluster_arguments,
    epoch_of,
)
from mdlc.pipelines.kubeflow.cluster_pipeline import Fuse
from mdlc.pipelines.kubeflow.compile_lifecycle import compile_lifecycle
from mdlc.pipelines.kubeflow.kfp_errors import answering, equals, existing
from mdlc.pipelines.kubeflow.run_state import STOPPING, RunState, failed, run_state
from mdlc.pipelines.kubeflow.source_uploads import Sources, known
from mdlc.pipelines.stage_arguments import Arguments, Renewal

NEWEST, ELDEST = "created_at desc", "created_at asc"
SECOND = 1.1
"""The resolution of times in the API is 1 s; this is a little more."""


@dataclass(frozen=True)
class Submitted:
    """A run that was created, or found because it was created before."""

    run_id: str
    name: str
    created: bool
    link: str


class KfpClient:
    """Submits lifecycles to one Kubeflow Pipelines.

    `entry` is the module whose functions the components call in their pods.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        entry: str,
        namespace: str | None = None,
        experiment: str | None = None,
    ) -> None:
        self.entry = entry
        self._namespace = namespace
        self._experiment = experiment
        with answering(host or os.environ.get("KF_PIPELINES_ENDPOINT") or "its usual address"):
            self.kfp = _client_class()(
                host=host,
                namespace="kubeflow",  # where the API is, inside of a cluster
                existing_token=os.environ.get("MDLC_KFP_TOKEN") or None,
                cookies=os.environ.get("MDLC_KFP_COOKIES") or None,
            )
        self.host = str(self.kfp._existing_config.host)

    def submit(  # noqa: PLR0913 - all that a run is made of
        self,
        lifecycle: Lifecycle,
        *,
        kind: Kind = "training",
        renewal: Renewal | None = None,
        name: str = "",
        sources: Sources | None = None,
        fuse: Fuse | None = None,
        again: bool = False,
    ) -> str:
        """Return the id of the run of this name, created if there is none yet; see `send`."""
        return self.send(
            lifecycle,
            kind=kind,
            renewal=renewal or Renewal(),
            name=name,
            sources=sources,
            fuse=fuse,
            again=again,
        ).run_id

    def send(  # noqa: PLR0913 - all that a run is made of
        self,
        lifecycle: Lifecycle,
        *,
        kind: Kind,
        renewal: Renewal,
        name: str = "",
        sources: Sources | None = None,
        fuse: Fuse | None = None,
        again: bool = False,
    ) -> Submitted:
        """Create pipeline, version, experiment and run, as far as they do not exist yet.

        `name`: the default is a digest of pipeline and arguments, so submitting the same again
        finds the same run. A new run is created only if that one failed, or with `again`.
        """
        asked = run_arguments(lifecycle, kind=kind, renewal=renewal, sources=sources, name=name)
        with tempfile.TemporaryDirectory(prefix="mdlc-submit-") as folder, answering(self.host):
            ir = Path(folder) / "pipeline.yaml"
            # Without defaults a version contains no data or dates, so it changes only with the
            # code and spec.cluster.
            version = compile_lifecycle(lifecycle, ir, entry=self.entry, defaults={}, fuse=fuse)
            experiment = self.experiment(lifecycle.name)
            base = name or f"{lifecycle.name}-{kind}-{digest_json([version, asked])[:12]}"
            found = self.find(base, experiment=experiment)
            number = 1
            while found is not None and not name and (again or failed(found)):
                number += 1
                found = self.find(f"{base}-{number}", experiment=experiment)
            if found is not None:
                return self._submitted(found, created=False)
            pipeline, version_id = self.version(lifecycle, ir, version=version)
            run = self.kfp.run_pipeline(
                experiment,
                base if number == 1 else f"{base}-{number}",
                params=asked,
                pipeline_id=pipeline,
                version_id=version_id,
                service_account=lifecycle.spec.cluster.service_account,
            )
            kept = self._settled(run, experiment=experiment)
        return self._submitted(kept, created=kept.run_id == run.run_id)

    def _settled(self, run: Any, *, experiment: str) -> Any:
        """Return the oldest run of the same name; terminate `run` if it is not that one.

        KFP allows two runs with one name, so two simultaneous callers may both find none and both
        create one. The oldest counts; the caller that created a later one terminates it.
        """
        # Times in the API are whole seconds: after this wait no run can get an equal time.
        time.sleep(SECOND)
        kept = self.find(run.display_name, experiment=experiment) or run
        if kept.run_id != run.run_id:
            self.terminate(run.run_id)
        return kept

    def experiment(self, name: str) -> str:
        """Return the id of the lifecycle's experiment, which is created if it does not exist."""
        with answering(self.host):
            made = self.kfp.create_experiment(self._experiment or name, namespace=self._namespace)
            return str(made.experiment_id)

    def known_experiment(self, name: str) -> str | None:
        """Return the id of the lifecycle's experiment, None if it is not there."""
        with answering(self.host):
            # kfp's own look-up by name reports a missing experiment only in the text of an error.
            answer = self.kfp.list_experiments(
                page_size=1, filter=equals(self._experiment or name), namespace=self._namespace
            )
        found = answer.experiments or []
        return str(found[0].experiment_id) if found else None

    def version(self, lifecycle: Lifecycle, ir: Path, *, version: str) -> tuple[str, str]:
        """Return the ids of the lifecycle's pipeline and of the version with this digest."""
        import kfp_server_api as api

        name = f"mdlc-{lifecycle.name}"
        with answering(self.host):
            pipeline = self._pipeline(name)
            if pipeline is None:
                body = api.V2beta1Pipeline(display_name=name, namespace=self._namespace)
                with existing():
                    self.kfp._pipelines_api.pipeline_service_create_pipeline(body)
                pipeline = self._pipeline(name)
            if pipeline is None:
                raise ServiceError(f"{self.host} has lost the pipeline {name} that it accepted")
            found = self._version(pipeline, version)
            if found is None:
                with existing():
                    self.kfp.upload_pipeline_version(
                        str(ir), pipeline_version_name=version, pipeline_id=pipeline
                    )
                found = self._version(pipeline, version)
        if found is None:
            raise ServiceError(f"{self.host} has lost the version {version} that it accepted")
        return pipeline, found

    def find(self, name: str, *, experiment: str) -> Any | None:
        """Return the run of this name in an experiment, None if there is none.

        Of several runs of the same name, it is the oldest.
        """
        with answering(self.host):
            answer = self.kfp.list_runs(
                experiment_id=experiment, page_size=100, filter=equals(name), sort_by=ELDEST
            )
        runs = answer.runs or []
        return min(runs, key=lambda run: (run.created_at, run.run_id), default=None)

    def runs(self, name: str, *, count: int = 5) -> list[RunState]:
        """Return the newest runs of a lifecycle, the newest last, without their tasks."""
        experiment = self.known_experiment(name)
        if experiment is None:
            return []
        with answering(self.host):
            answer = self.kfp.list_runs(experiment_id=experiment, page_size=count, sort_by=NEWEST)
        return [run_state(run) for run in reversed(answer.runs or [])]

    def state(self, run_id: str) -> RunState:
        """Return the state of a run and, once it has ended, its outcome."""
        with answering(self.host):
            run = self.kfp.get_run(run_id)
        return run_state(run)

    def terminate(self, run_id: str) -> None:
        """Terminate a run; nothing happens if it has ended or is about to end."""
        with answering(self.host):
            run = self.kfp.get_run(run_id)
            if run_state(run).state == "running" and run.state != STOPPING:
                self.kfp.terminate_run(run_id)

    def health(self) -> tuple[str, bool]:
        """Return the backend's version ("" if unknown), and whether it has several users.

        Raises:
            ServiceError: it does not answer.
        """
        asked = self.kfp._healthz_api
        with answering(self.host):
            users = bool(asked.healthz_service_get_healthz(_request_timeout=10).multi_user)
        try:
            with answering(self.host):
                older = asked.api_client.call_api(
                    "/apis/v1beta1/healthz",
                    "GET",
                    response_type="object",
                    _return_http_data_only=True,
                    _request_timeout=10,
                )
        except ServiceError:
            return "", users
        found = older.get("tag_name", "") if isinstance(older, dict) else ""
        return ("" if found == "unknown" else str(found)), users

    def link(self, run_id: str) -> str:
        """Return where KFP's UI shows a run."""
        return f"{self.kfp._get_url_prefix()}/#/runs/details/{run_id}"

    def _submitted(self, run: Any, *, created: bool) -> Submitted:
        return Submitted(run.run_id, run.display_name, created, self.link(run.run_id))

    def _pipeline(self, name: str) -> str | None:
        # kfp's own look-up by name finds only shared pipelines, not those of a profile's namespace.
        found = self.kfp.list_pipelines(page_size=1, filter=equals(name), namespace=self._namespace)
        pipelines = found.pipelines or []
        return str(pipelines[0].pipeline_id) if pipelines else None

    def _version(self, pipeline: str, name: str) -> str | None:
        found = self.kfp.list_pipeline_versions(pipeline, page_size=1, filter=equals(name))
        versions = found.pipeline_versions or []
        return str(versions[0].pipeline_version_id) if versions else None


def run_arguments(
    lifecycle: Lifecycle, *, kind: Kind, renewal: Renewal, sources: Sources | None, name: str = ""
) -> Arguments:
    """Return the arguments of a run; for a retraining KFP's own cache never answers."""
    epoch = epoch_of(lifecycle.spec.cluster.cache.max_age, now=time.time())
    if kind == "retraining":
        epoch = name or str(renewal.until or "")
    return cluster_arguments(
        lifecycle,
        kind=kind,
        renewal=renewal,
        sources=sources or known(lifecycle, artifacts=artifacts_of(lifecycle)),
        epoch=epoch,
    )


def _client_class() -> Any:
    """Return kfp's client class without its retries, which take half a minute without a message."""
    import kfp

    class Once(kfp.Client):  # type: ignore[misc]
        """kfp's client, which tries only once to reach the API."""

        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            del sleep_duration
            return self._healthz_api.healthz_service_get_healthz(_request_timeout=10)

    return Once
