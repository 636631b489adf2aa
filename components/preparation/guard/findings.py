"""The findings of the tests of feedback, before they are written to a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mdlc.core.documents.prepared_data import GuardFinding
from mdlc.core.spec.retrain import Guard

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SliceFinding:
    """One slice of the feedback under one rule."""

    rule: str
    subject: str
    text: str
    """The finding in words, with the value."""
    rows: int
    value: float
    bound: float
    z: float
    bad: Mask
    """(all rows,): those to put aside if it is a breach."""

    def breaches(self, guard: Guard) -> bool:
        """Return whether the value exceeds the bound by more than chance explains."""
        return self.value > self.bound and self.z > guard.z


def above(share: float, *, bound: float, rows: int) -> float:
    """Return how many standard errors a share of `rows` is above a bound.

    >>> round(above(0.3, bound=0.1, rows=100), 2)
    6.67
    """
    variance = max(bound * (1 - bound), 1 / rows) / rows
    return float((share - bound) / np.sqrt(variance))


def describe_findings(judged: Sequence[SliceFinding], *, guard: Guard) -> list[GuardFinding]:
    """Return all breaches, and of each rule that has none the slice nearest to one."""
    found = []
    for rule in dict.fromkeys(item.rule for item in judged):
        own = sorted((j for j in judged if j.rule == rule), key=lambda j: (-j.z, j.subject))
        breaches = [item for item in own if item.breaches(guard)]
        found += [_document(item, passed=not breaches) for item in breaches or own[:1]]
    return found


def impossible(rule: str, why: str) -> GuardFinding:
    """Return the finding that a test was not possible, so that it does not look passed."""
    return GuardFinding(rule=rule, subject="", rows=0, note=f"not tested: {why}")


def _document(item: SliceFinding, *, passed: bool) -> GuardFinding:
    return GuardFinding(
        rule=item.rule,
        subject=item.subject,
        rows=item.rows,
        value=item.value,
        bound=item.bound,
        z=item.z,
        passed=passed,
        note=item.text,
    )
