"""Training with a pod for each candidate: the cache's questions, and assembling the parts.

The question of a part names only its own kind, so adding or changing a candidate leaves the other
candidates' results valid. The question of the whole training is the same whether it ran in one pod
or in several, so either plan can use the other's result.
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
    """Return the parameters of training, reduced to those that one kind depends on."""
    model = narrow(Model.model_validate_json(str(given["model"])), kind=kind)
    return given | {"part": kind, "model": model.model_dump_json(by_alias=True)}


def extract_part(
    whole: StageQuestion, *, kind: str, results: RemoteResults, scratch: Path, out: Path
) -> bool:
    """Copy the part of a kind from a whole training in the cache; return False if none is there."""
    folder = scratch / "whole"
    if not results.fetch(whole, folder):
        return False
    out.mkdir(parents=True)
    return extract(folder, kind=kind, out=out)


def assemble_parts(asked: StepRequest, given: Parameters) -> None:
    """Assemble the parts of all kinds into one training result."""
    out = Path(asked.output[1])
    out.mkdir(parents=True)
    contest = read_document(Path(asked.inputs[CONTEST]) / "selection.json", Selection)
    assemble(
        [Path(part) for part in asked.parts],
        model=Model.model_validate_json(str(given["model"])),
        contestants=contest.contestants,
        out=out,
    )
