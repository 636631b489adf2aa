"""Joins candidates that were trained apart into the artifact that one process would write.

A candidate's training does not depend on the others, so the result is the same. A part is what
`train` writes when it is given one contestant.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from mdlc.components.training.stage import fixed_params, rank, require_one
from mdlc.core.bundle import open_bundle
from mdlc.core.documents.training_result import CandidateResult, Contestant, Training
from mdlc.core.errors import ArtifactError
from mdlc.core.files import read_document, whole_folder, write_document
from mdlc.core.spec.model import Model

DOCUMENT = "training.json"


def narrow(model: Model, *, kind: str) -> Model:
    """Return what the training of one kind reads from the file, without the other candidates."""
    mine = [candidate for candidate in model.candidates if candidate.kind == kind]
    return model.model_copy(update={"candidates": mine})


def assemble(
    parts: Sequence[Path], *, model: Model, contestants: Sequence[Contestant], out: Path
) -> Training:
    """Write the parts' results and bundles as one training to `out`.

    Raises:
        SpecError: what the file says about a candidate that was not trained is wrong.
        ArtifactError: a part is missing, altered, or was trained on other rows than the others.
        StageError: no candidate can be served.
    """
    fixed_params(model)
    wanted = [contestant.kind for contestant in contestants if not contestant.refused]
    made = {}
    for part in parts:
        document = read_document(part / DOCUMENT, Training)
        (result,) = document.candidates
        made[result.kind] = (document, part)
    if sorted(made) != sorted(wanted) or len(parts) != len(wanted):
        raise ArtifactError(f"the parts are {', '.join(sorted(made))}, not {', '.join(wanted)}")
    documents = [made[kind][0] for kind in wanted]
    first = documents[0]
    if any((d.rows, d.effective_rows) != (first.rows, first.effective_rows) for d in documents):
        raise ArtifactError("the parts were not trained on the same rows")
    results = [document.candidates[0] for document in documents]
    require_one(results)
    for result in results:
        _copy(result, part=made[result.kind][1], out=out)
    whole = Training(
        candidates=sorted(results, key=rank),
        rows=first.rows,
        seconds=sum(document.seconds for document in documents),
        effective_rows=first.effective_rows,
    )
    write_document(out / DOCUMENT, whole)
    return whole


def extract(whole: Path, *, kind: str, out: Path) -> bool:
    """Write a kind's part of a whole training, as if trained alone; False if it is not there."""
    document = read_document(whole / DOCUMENT, Training)
    result = next((r for r in document.candidates if r.kind == kind), None)
    if result is None:
        return False
    _copy(result, part=whole, out=out)
    update = {"candidates": [result], "seconds": result.seconds}
    write_document(out / DOCUMENT, document.model_copy(update=update))
    return True


def _copy(result: CandidateResult, *, part: Path, out: Path) -> None:
    if result.refused:
        return
    manifest, _ = open_bundle(part / result.folder)
    if manifest.digest != result.digest:
        raise ArtifactError(f"the bundle of {result.kind} is not the one that was trained")
    with whole_folder(out / result.folder) as folder:
        shutil.copytree(part / result.folder, folder, dirs_exist_ok=True)
