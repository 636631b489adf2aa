"""Chooses the contestants: the rule, and the file's candidates or those that suit the task.

Each kind declares what it suits (`core/model_kind.py`) and is found by the name of its entry point;
selection imports nothing of training.
"""

from __future__ import annotations

from mdlc.core.documents.training_result import Contestant
from mdlc.core.model_kind import ModelKind, kind_of
from mdlc.core.spec.business import Business
from mdlc.core.spec.model import CandidateChoice, Task

RULE = "rule"
DEFAULTS = (RULE, "logistic", "linear", "lightgbm", "keras_mlp", "keras_cnn")
"""Kinds that take part by default, if they suit the task, in this order. No plug-in is among
them, so that installing a package does not change the result of a file."""


def contestants(
    candidates: list[CandidateChoice], *, task: Task, image: bool, rows: int
) -> list[Contestant]:
    """Return the contestants in order, the rule first.

    Without candidates in the file, the defaults that suit, one that `rows` training rows are too
    few for as refused; with them, these, one that does not suit as refused with the reason. `image`
    says whether a feature is an image.

    Raises:
        SpecError: a kind is not installed, or cannot be imported.
    """
    if not candidates:
        found = [kind_of(name) for name in DEFAULTS]
        suited = [kind for kind in found if not kind.unsuited(task, image=image)]
        return [_contestant(kind, refused=_too_few(kind, rows=rows)) for kind in suited]
    named = [candidate.kind for candidate in candidates if candidate.kind != RULE]
    kinds = [kind_of(name) for name in (RULE, *named)]
    return [_contestant(kind, refused=kind.unsuited(task, image=image)) for kind in kinds]


def _too_few(kind: ModelKind, *, rows: int) -> str:
    if rows >= kind.least_rows:
        return ""
    return (
        f"{rows} training rows are too few for it to win, {kind.least_rows} are needed; name it in "
        "spec.model.candidates to try it"
    )


def _contestant(kind: ModelKind, *, refused: str) -> Contestant:
    return Contestant(kind=kind.name, deep=kind.deep, refused=refused, why=kind.why)


def ready_made(
    business: Business, *, sensitive: list[str], features: list[str]
) -> Contestant | None:
    """Return the service that the file says can be bought, refused if it gets a sensitive column.

    It is not called, because that would send rows outside; its money is what the file states. None
    if the file names no service.
    """
    buy = business.options.buy
    if buy is None:
        return None
    sent = buy.sensitive_sent(sensitive=sensitive, features=features)
    return Contestant(
        kind=buy.name,
        deep=False,
        refused=f"it would be sent the sensitive column {', '.join(sent)}" if sent else "",
        why=(
            f"On paper only: its decisions are stated to earn {buy.money_per_decision:,.4g} "
            f"{business.currency} each; see the business case."
        ),
    )
