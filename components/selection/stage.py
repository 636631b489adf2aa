"""The selection stage: checks the task and chooses rule, kinds of model and service to compare."""

from __future__ import annotations

from pathlib import Path

from mdlc.components.selection.contestants import contestants, ready_made
from mdlc.components.selection.task import check_task
from mdlc.components.selection.worth import verdict
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import Selection
from mdlc.core.files import read_document, write_document
from mdlc.core.spec.business import Business
from mdlc.core.spec.data import Data
from mdlc.core.spec.model import Model


def select(model: Model, *, data: Data, business: Business, prepared: Path, out: Path) -> Selection:
    """Check the task, choose the contestants, decide whether ML can pay; write selection.json.

    `prepared` is preparation's folder, `out` an empty one.

    Raises:
        SpecError: the stated task or the payoff does not fit the target; a kind is not known or
            stands twice.
        DataError: the target has one class.
        ArtifactError: `prepared` is incomplete.
        StorageError: `out` cannot be written.
    """
    document = read_document(prepared / "prepared.json", Prepared)
    task, task_reason = check_task(
        document, stated=model.task, target=data.target, payoff=business.payoff
    )
    needed, reason = verdict(document, folder=prepared, business=business)
    image = any(feature.kind == "image" for feature in document.features)
    names = [feature.name for feature in document.features]
    selection = Selection(
        task=task,
        task_reason=task_reason,
        ml_needed=needed,
        ml_reason=reason,
        contestants=contestants(
            model.candidates, task=task, image=image, rows=document.rows.get("train", 0)
        ),
        ready_made=ready_made(
            business, sensitive=data.sensitive, features=_columns(data, names=names)
        ),
    )
    write_document(out / "selection.json", selection)
    return selection


def _columns(data: Data, *, names: list[str]) -> list[str]:
    """Return the columns of the features; for an image, all columns with its prefix."""
    if data.image is None or data.image.name not in names:
        return names
    prefix = data.image.prefix
    return [*names, *(column for column in data.sensitive if column.startswith(prefix))]
