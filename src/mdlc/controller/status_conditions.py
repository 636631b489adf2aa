"""Conditions: what is so, since when, and why, in plain words."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from mdlc.kubernetes.crd.lifecycle_status import LifecycleStatus, StatusCondition, Truth

LONGEST = 1024
"""Characters of a message; Kubernetes' own bound is 32768, and nobody reads that."""
KINDS = ("Valid", "Trained", "Serving", "Watched", "Degraded", "Ready")


class ConditionValue(NamedTuple):
    """One answer, before it has a time."""

    status: Truth
    reason: str
    message: str


def merged(
    before: LifecycleStatus, said: dict[str, ConditionValue], *, generation: int, now: datetime
) -> list[StatusCondition]:
    """Return the conditions; the time is that of the last change of an answer."""
    made = []
    for kind in KINDS:
        if kind not in said:
            continue
        old, new = before.condition(kind), said[kind]
        same = old is not None and old.status == new.status
        made.append(
            StatusCondition(
                type=kind,
                status=new.status,
                reason=new.reason,
                message=shortened(new.message),
                last_transition_time=old.last_transition_time if same and old else now,
                observed_generation=generation,
            )
        )
    return made


def changes(before: LifecycleStatus, after: list[StatusCondition]) -> list[StatusCondition]:
    """Return the conditions whose answer or reason is new: each is worth an event.

    What starts as a no for want of anything done yet is not.
    """
    found = []
    for one in after:
        old = before.condition(one.type)
        if one.type == "Ready" or (old and (old.status, old.reason) == (one.status, one.reason)):
            continue
        if old is None and one.status != "True" and one.reason in QUIET:
            continue
        if one.type == "Degraded" and one.status == "False" and old is None:
            continue
        found.append(one)
    return found


QUIET = {"NoRelease", "Waiting", "NoPipelines"}


def is_bad(one: StatusCondition) -> bool:
    """Say whether an answer is one to warn of."""
    if one.type == "Degraded":
        return one.status == "True"
    return one.status == "False" and one.reason not in {*QUIET, "Running", "Rollout"}


def shortened(text: str) -> str:
    """Return a text on one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
