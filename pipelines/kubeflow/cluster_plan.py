"""What a run on a cluster would do: `mdlc plan`'s questions, asked of the cluster's cache.

The stages, their questions and the words are those of a local plan (pipelines/cache/run_plan.py);
only the store of answers is another. Two things differ because runs differ. Deployment is never cached
on a cluster, and the champion that evaluation compares with is whoever serves now.
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
    """Return what a training would do on the cluster now.

    Raises:
        SpecError: the file does not say where its artifacts lie.
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
    """The cluster's cache, asked as the local one is."""

    def __init__(self, results: RemoteResults, *, unseen: bool) -> None:
        super().__init__(Path())
        self._results = results
        self._unseen = unseen

    def get(self, question: StageQuestion) -> CacheEntry | None:
        """Return the entry that answers `question` if its folder is there."""
        if self._unseen and question.stage == "collection":
            return None
        return self._results.known(_anywhere(question))

    def has(self, question: StageQuestion) -> bool:
        """Say whether there is an entry, though its folder may be gone."""
        return self._results.entry(_anywhere(question)) is not None

    def latest(self, stage: str) -> CacheEntry | None:
        """Return the stage's newest entry."""
        return self._results.latest(stage)

    def why(self, question: StageQuestion) -> str:
        """Say in words why `question` has no usable answer."""
        if self._unseen and question.stage == "collection":
            return UNSEEN
        if not self._results.caches(question.stage):
            return "it is never taken from a cache on a cluster"
        return super().why(_anywhere(question))


def _anywhere(question: StageQuestion) -> StageQuestion:
    """Leave out where things lie, as the steps do."""
    kept = {k: v for k, v in question.parameters.items() if k not in PLACES}
    return question.model_copy(update={"parameters": kept})


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes with the process."""
    return tempfile.TemporaryDirectory(prefix="mdlc-plan-")


@functools.cache
def _pipeline() -> Path:
    """Return the compiled pipeline, compiled once in a process."""
    return compile_training(Path(_folder().name), code=pipeline_code())
