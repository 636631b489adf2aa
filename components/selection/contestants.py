"""Who takes part: the rule always, and the candidates of the file or those that suit the task."""

from __future__ import annotations

from mdlc.components.selection.kinds import BY_NAME, KINDS, RULE, Kind
from mdlc.core.documents.training_result import Contestant
from mdlc.core.errors import SpecError, closest
from mdlc.core.spec.business import Business
from mdlc.core.spec.model import CandidateChoice, Task

WHERE = "spec.model.candidates"


def contestants(
    candidates: list[CandidateChoice], *, task: Task, image: bool, rows: int
) -> list[Contestant]:
    """Return the contestants in order, the rule first.

    Without candidates in the file, the defaults that suit, one that `rows` training rows are too
    few for as refused; with them, these, one that does not suit as refused with the reason. `image`
    says whether a feature is an image.

    Raises:
        SpecError: a kind is not known, or stands twice.
    """
    if not candidates:
        suited = [kind for kind in KINDS if kind.default and not kind.unsuited(task, image=image)]
        return [_contestant(kind, refused=_too_few(kind, rows=rows)) for kind in suited]
    named = _named(candidates)
    if RULE not in named:
        named.insert(0, RULE)
    named.sort(key=lambda kind: kind != RULE)
    return [_contestant(kind, refused=kind.unsuited(task, image=image)) for kind in named]


def _named(candidates: list[CandidateChoice]) -> list[Kind]:
    found: list[Kind] = []
    for place, candidate in enumerate(candidates):
        where = f"{WHERE}[{place}]"
        kind = BY_NAME.get(candidate.kind)
        if kind is None:
            hint = closest(candidate.kind, BY_NAME)
            raise SpecError(f"{candidate.kind} is not a kind of model", where=where, hint=hint)
        if kind in found:
            # Each kind has one folder of training's output.
            raise SpecError(f"{kind.name} stands twice", where=where, hint="keep one of them")
        found.append(kind)
    return found


def _too_few(kind: Kind, *, rows: int) -> str:
    if rows >= kind.least_rows:
        return ""
    return (
        f"{rows} training rows are too few for it to win, {kind.least_rows} are needed; name it in "
        f"{WHERE} to try it"
    )


def _contestant(kind: Kind, *, refused: str) -> Contestant:
    return Contestant(kind=kind.name, deep=kind.deep, refused=refused, why=kind.why)


def ready_made(
    business: Business, *, sensitive: list[str], features: list[str]
) -> Contestant | None:
    """Return the service that the file says can be bought, refused if it gets a sensitive column.

    It takes part on paper only: its money is what the file states, since trying it would send rows
    outside. None: the file names no service.
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
