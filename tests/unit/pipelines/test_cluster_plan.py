"""A plan on a cluster is the local plan, of the same file and data: stages, states, words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdlc.core.spec import Lifecycle, load
from mdlc.pipelines.cache.result_store import ResultStore, StageQuestion
from mdlc.pipelines.cache.run_plan import make_plan
from mdlc.pipelines.kubeflow import cluster_plan as plans
from mdlc.pipelines.kubeflow import source_uploads
from mdlc.pipelines.kubeflow.cluster_arguments import artifacts_of, settings_of
from mdlc.pipelines.kubeflow.cluster_plan import cluster_plan
from mdlc.pipelines.kubeflow.remote_results import RemoteResults
from mdlc.pipelines.stage_arguments import Renewal, arguments
from mdlc.state import remote_files
from mdlc.state.workspace import Workspace, workspace_of
from tests.unit.pipelines.cluster import on_cluster, uploaded


class Asking(ResultStore):
    """A local store that remembers what it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: dict[str, StageQuestion] = {}

    def get(self, question: StageQuestion) -> Any:
        self.asked[question.stage] = question
        return super().get(question)


class Both:
    """The same answers in the local cache and in the cluster's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lifecycle = on_cluster(folder)
        self.store = Asking(self.workspace.folder / "cache")
        self.sources = uploaded(self.lifecycle, folder)

    @property
    def workspace(self) -> Workspace:
        return workspace_of(self.lifecycle, file=self.folder / "lifecycle.yaml", home=None)

    def edit(self, old: str, new: str) -> None:
        file = self.folder / "lifecycle.yaml"
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        self.lifecycle = load(file)

    def local(self) -> Any:
        asked = arguments(self.lifecycle, workspace=self.workspace, renewal=Renewal())
        return make_plan(plans._pipeline(), arguments=asked, store=self.store)[0]

    def cluster(self) -> Any:
        return cluster_plan(self.lifecycle, sources=self.sources)

    def answer(self, stage: str, name: str) -> None:
        """Let a stage have written a folder, there and here."""
        self.local()
        out = self.folder / f"out-{stage}"
        out.mkdir(exist_ok=True)
        (out / "document.json").write_text(stage)
        question = self.store.asked[stage]
        self.store.put(question, outputs={name: (out, "")}, seconds=2.0)
        settings = settings_of(self.lifecycle, kind="training", renewal=Renewal())
        RemoteResults(settings).put(plans._anywhere(question), out, name=name, seconds=2.0)


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def test_the_same_plan_before_the_first_run_and_in_between(both: Both) -> None:
    assert both.cluster() == both.local()
    assert [stage.state for stage in both.cluster().stages][:2] == ["run", "run"]
    both.answer("business", "case")
    both.answer("collection", "snapshot")
    both.answer("preparation", "table")
    made = both.cluster()
    assert made == both.local()
    states = {stage.stage: stage.state for stage in made.stages}
    assert states["business"] == states["collection"] == states["preparation"] == "cached"
    assert states["exploration"] == states["selection"] == "run"
    assert states["training"] == "depends"
    both.edit("known_later: [known]", "known_later: [known]\n    checks: [{min_rows: 1}]")
    made = both.cluster()
    assert made == both.local()
    why = {stage.stage: stage.why for stage in made.stages}
    assert why["preparation"] == "parameter data changed"


def test_an_answer_whose_folder_is_gone_is_none(both: Both) -> None:
    both.answer("business", "case")
    folder = remote_files.join(artifacts_of(both.lifecycle), "artifacts", "business")
    for path in Path(folder).rglob(remote_files.INDEX):
        path.unlink()
    (stage,) = [stage for stage in both.cluster().stages if stage.stage == "business"]
    assert (stage.state, stage.why) == ("run", "its stored artifact is missing or altered")


def test_sources_that_only_the_step_can_read_are_not_guessed(both: Both) -> None:
    both.answer("collection", "snapshot")
    lifecycle: Lifecycle = both.lifecycle
    unseen = source_uploads.Sources(
        root=".", digests=dict.fromkeys(lifecycle.spec.data.sources, "")
    )
    made = {stage.stage: stage for stage in cluster_plan(lifecycle, sources=unseen).stages}
    assert (made["collection"].state, made["collection"].why) == ("run", plans.UNSEEN)
