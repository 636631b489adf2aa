"""Checks that the task, classification or regression, fits the target, the file and the payoff."""

from __future__ import annotations

from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError, SpecError
from mdlc.core.payoff import for_classes, for_numbers
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Task

SHOWN = 8
"""Most classes that a sentence names; short ones, such as digits, still fit on a line."""


def check_task(
    prepared: Prepared, *, stated: Task | None, target: str, payoff: Payoff | None
) -> tuple[Task, str]:
    """Return the task and why it is this one.

    Raises:
        SpecError: the file states another task than the prepared target has, or its payoff does
            not fit the task or the classes.
        DataError: the target has fewer classes than a classification needs.
    """
    task, classes = prepared.task, prepared.classes
    if stated is not None and stated != task:
        raise SpecError(
            f"the task is {stated}, but the target {target} was prepared for {task}",
            where="spec.model.task",
            hint="leave it out to have it inferred, or prepare the data again",
        )
    if task == "regression":
        for_numbers(payoff)
        return task, _because(stated, f"the target {target} is a number")
    _check_classes(classes, task=task, target=target)
    for_classes(payoff, classes)
    return task, _because(
        stated, f"the target {target} has {len(classes)} classes ({_names(classes)})"
    )


def _check_classes(classes: list[str], *, task: Task, target: str) -> None:
    if len(classes) < 2:
        only = f"one class, {classes[0]}" if classes else "no class"
        raise DataError(
            f"the target {target} has {only}, so there is nothing to tell apart",
            where="spec.data.target",
            hint="check the filters of the sources and the table, or name another target",
        )
    if task == "binary" and len(classes) != 2:
        raise DataError(
            f"binary needs two classes, and the target {target} has {len(classes)}: "
            f"{_names(classes)}",
            where="spec.data.target",
            hint="state multiclass as spec.model.task, or join classes in spec.data.table.derive",
        )


def _because(stated: Task | None, fact: str) -> str:
    return f"Stated in the file; {fact}." if stated else f"Inferred: {fact}."


def _names(classes: list[str]) -> str:
    more = len(classes) - SHOWN
    return ", ".join(classes[:SHOWN]) + (f" and {more} more" if more > 0 else "")
