"""Training by a pod for each candidate: the cache's questions, and how the whole is put together.

A part's question is of its own kind alone, so a candidate that joins, or changes, lets the others'
results stand. The whole's question is that of one pod's training: whoever answered it first, in one
pod or in several, spares it to the other plan.
"""

from __future__ import annotations

from pathlib import Path

from mdlc.components.training.parts import assemble, extract, narrow
from mdlc.core.documents.training_result import Selection
from mdlc.core.files import read_document
from mdlc.core.spec import Model
from mdlc.pipelines.cache.result_store import StageQuestion
from mdlc.pipelines.kubeflow.fetch_inputs import Parameters
from mdlc.pipelines.kubeflow.remote_results import RemoteResults
from mdlc.pipelines.kubeflow.step_settings import StepRequest

CONTEST = "contest"


def parameters(given: Parameters, *, kind: str) -> Parameters:
    """Return what the training of one kind depends on."""
    model = narrow(Model.model_validate_json(str(given["model"])), kind=kind)
    return given | {"part": kind, "model": model.model_dump_json(by_alias=True)}


def extract_part(
    whole: StageQuestion, *, kind: str, results: RemoteResults, scratch: Path, out: Path
) -> bool:
    """Write the part of a kind from a whole training that is known already; False if none is."""
    folder = scratch / "whole"
    if not results.fetch(whole, folder):
        return False
    out.mkdir(parents=True)
    return extract(folder, kind=kind, out=out)


def assemble_parts(asked: StepRequest, given: Parameters) -> None:
    """Make one training of the parts."""
    out = Path(asked.output[1])
    out.mkdir(parents=True)
    contest = read_document(Path(asked.inputs[CONTEST]) / "selection.json", Selection)
    assemble(
        [Path(part) for part in asked.parts],
        model=Model.model_validate_json(str(given["model"])),
        contestants=contest.contestants,
        out=out,
    )
