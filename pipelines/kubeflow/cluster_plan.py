"""The plan of a run on a cluster: which stages the cluster's cache answers (`mdlc plan`).

Stages and questions are those of a local plan (pipelines/cache/run_plan.py); only the store of
results is another. As in runs on a cluster, deployment is never cached, and evaluation compares
with the version that serves now.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from mdlc.core.spec import Lifecycle
from mdlc.pipelines.cache.code_digests import pipeline_code
from mdlc.pipelines.cache.result_store import CacheEntry, ResultStore, StageQuestion
from mdlc.pipelines.cache.run_plan import RunPlan, make_plan
from mdlc.pipelines.compile_training import compile_training
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of, settings_of
from mdlc.pipelines.kubeflow.kfp_client import run_arguments
from mdlc.pipelines.kubeflow.remote_results import PLACES, RemoteResults
from mdlc.pipelines.kubeflow.source_uploads import Sources
from mdlc.pipelines.kubeflow.step_settings import POINTER
from mdlc.pipelines.stage_arguments import Renewal
from mdlc.state import remote_files
from mdlc.state.release_documents import Pointer

UNSEEN = "what the sources hold is known only to the step that reads them"


def cluster_plan(lifecycle: Lifecycle, *, sources: Sources) -> RunPlan:
    """Return what a training on the cluster would do now.

    Raises:
        SpecError: the file has no spec.cluster.artifacts.
        ServiceError: the object store does not answer.
    """
    settings = settings_of(lifecycle, kind="training", renewal=Renewal())
    asked = run_arguments(lifecycle, kind="training", renewal=Renewal(), sources=sources)
    pointer = remote_files.read_document(
        remote_files.join(artifacts_of(lifecycle), POINTER), Pointer
    )
    asked |= {"registry": "", "champion_digest": pointer.digest if pointer else ""}
    store = RemoteResultStore(RemoteResults(settings), unseen=not all(sources.digests.values()))
    return make_plan(_pipeline(), arguments=asked, store=store)[0]


class RemoteResultStore(ResultStore):
    """The cluster's cache with the interface of the local one."""

    def __init__(self, results: RemoteResults, *, unseen: bool) -> None:
        super().__init__(Path())
        self._results = results
        self._unseen = unseen

    def get(self, question: StageQuestion) -> CacheEntry | None:
        """Return the entry for `question` if its folder is in the object store, else None."""
        if self._unseen and question.stage == "collection":
            return None
        return self._results.known(_anywhere(question))

    def has(self, question: StageQuestion) -> bool:
        """Return whether there is an entry, even if its folder is gone."""
        return self._results.entry(_anywhere(question)) is not None

    def latest(self, stage: str) -> CacheEntry | None:
        """Return the stage's newest entry."""
        return self._results.latest(stage)

    def why(self, question: StageQuestion) -> str:
        """Return in words why `question` has no usable answer."""
        if self._unseen and question.stage == "collection":
            return UNSEEN
        if not self._results.caches(question.stage):
            return "it is never taken from a cache on a cluster"
        return super().why(_anywhere(question))


def _anywhere(question: StageQuestion) -> StageQuestion:
    """Return the question without parameters that are locations, as the steps ask it."""
    kept = {k: v for k, v in question.parameters.items() if k not in PLACES}
    return question.model_copy(update={"parameters": kept})


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder that is deleted when the process ends."""
    return tempfile.TemporaryDirectory(prefix="mdlc-plan-")


@functools.cache
def _pipeline() -> Path:
    """Return the path of the compiled pipeline; it is compiled once in a process."""
    return compile_training(Path(_folder().name), code=pipeline_code())
