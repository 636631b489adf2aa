"""Runs all tests of the feedback and decides: fail the run, put rows aside, or go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.components.preparation.guard import against_scores, against_sources
from mdlc.components.preparation.guard.feedback_rows import FeedbackRows, Mask, read
from mdlc.components.preparation.guard.findings import SliceFinding, describe_findings, impossible
from mdlc.components.preparation.splits import Windows
from mdlc.core.columns import KEY, TIME, Feature
from mdlc.core.documents.prepared_data import CheckResult, GuardFinding
from mdlc.core.errors import DataError, SpecError, closest
from mdlc.core.spec.retrain import Guard

WHERE = "spec.retrain.guard"
QUARANTINE = "quarantine.parquet"
OF_SOURCES = {"max_unknown", "max_differing", "max_contradicted"}
SHOWN = 4
"""Further breaches that the error names; all are in checks.json."""
MOST = 0.5
"""Largest share of rows that may be put aside; with more, the rest is not trusted either."""


@dataclass(frozen=True)
class Context:
    """What the tests need to know about the run."""

    features: list[Feature]
    slices: list[str]
    windows: Windows | None
    until: datetime | None
    hidden: bool
    """Whether the target is sensitive, so that no class is named."""
    stored: Callable[[Any, str], Any]
    """Computes a table once, under a name."""


@dataclass(frozen=True)
class Inspected:
    """The findings of the tests, and the rows that may be used for training."""

    table: Any
    findings: list[GuardFinding]
    quarantined: int
    error: DataError | None
    """Why the run must fail; None if it may go on."""

    def results(self) -> list[CheckResult]:
        """Return the findings as data tests, for checks.json and the report."""
        return [
            CheckResult(
                name=f"feedback {finding.rule}: {finding.note}",
                column=None,
                severity="error" if self.error and not finding.passed else "warn",
                passed=finding.passed and bool(finding.rows),
                failing_rows=0 if finding.passed else finding.rows,
                where=f"{WHERE}.{finding.rule}",
            )
            for finding in self.findings
        ]


def inspect(  # noqa: PLR0913 - the two sides, the policy, and where to write
    feedback: Any, known: Any, *, path: Path, guard: Guard, context: Context, out: Path
) -> Inspected:
    """Test feedback against the sources' rows (`known`) and the scores in the file at `path`.

    Rows that are put aside are written to quarantine.parquet in `out`, each with its rules.

    Raises:
        SpecError: guard.by names what is no category.
    """
    rows, counts = read(
        feedback,
        known,
        path=path,
        features=context.features,
        by=_groups(guard, context),
        windows=context.windows,
        until=context.until,
        stored=context.stored,
    )
    judged = _judge(rows, guard, counts=counts, hidden=context.hidden)
    breaches = [item for item in judged if item.breaches(guard)]
    findings = [*describe_findings(judged, guard=guard), *_not_tested(rows, guard, judged=judged)]
    if not breaches:
        return Inspected(feedback, findings, 0, None)
    aside = np.logical_or.reduce([item.bad for item in breaches])
    if guard.on_breach == "fail" or aside.mean() > MOST:
        return Inspected(
            feedback, findings, 0, _error(breaches, share=float(aside.mean()), guard=guard)
        )
    gone = _quarantine(rows, aside, breaches=breaches, out=out)
    found = [_counted(finding, breaches) for finding in findings]
    kept = feedback.anti_join(gone_table(feedback, gone), KEY)
    return Inspected(kept, found, int(aside.sum()), None)


def gone_table(feedback: Any, path: Path) -> Any:
    """Return the keys that were put aside as a table of the same engine."""
    return feedback.get_backend().read_parquet(path).select(KEY)


def _groups(guard: Guard, context: Context) -> list[Feature]:
    """Return the features whose groups are judged apart.

    Raises:
        SpecError: the file names one that is no category among the features.
    """
    kinds = {feature.name: feature for feature in context.features if feature.kind == "category"}
    for number, name in enumerate(guard.by):
        if name not in kinds:
            message = f"{name} is not a feature that holds texts"
            raise SpecError(message, where=f"{WHERE}.by[{number}]", hint=closest(name, kinds))
    return [kinds[name] for name in guard.by or context.slices if name in kinds]


def _judge(
    rows: FeedbackRows, guard: Guard, *, counts: dict[str, int], hidden: bool
) -> list[SliceFinding]:
    """Test all rows against the sources, then the remaining rows against the scores.

    Rows that break a test against the sources are left out, because a few made-up rows would make
    their whole group suspicious. Rows that the sources confirm are left out, because a real change
    would otherwise look like wrong labels.
    """
    found = [
        *against_sources.unknown(rows, guard),
        *against_sources.differing(rows, guard, counts=counts),
        *against_sources.contradicted(rows, guard, hidden=hidden),
    ]
    gone = [item.bad for item in found if item.breaches(guard)]
    if rows.scores is not None:
        aside = np.logical_or.reduce([against_sources.confirmed(rows), *gone])
        rows = replace(rows, scores=np.where(aside[:, None], np.nan, rows.scores))
    return [
        *found,
        *against_scores.flipped(rows, guard, hidden=hidden),
        *against_scores.shares(rows, guard, hidden=hidden),
        *against_scores.gaps(rows, guard, hidden=hidden),
        *(against_scores.shifts(rows, guard) if not rows.classes else ()),
    ]


def _not_tested(
    rows: FeedbackRows, guard: Guard, *, judged: Sequence[SliceFinding]
) -> list[GuardFinding]:
    """Return which of the file's tests were not possible, and why."""
    few = f"no group of rows has {guard.min_rows}"
    numbers = rows.label.dtype.kind == "f"
    left = f"no group of rows that the sources do not confirm has {guard.min_rows}"
    scores = "the feedback has no scores" if rows.scores is None else left
    why = {
        "max_unknown": few if rows.covered.any() else "the sources do not cover these rows",
        "max_differing": few if rows.known.any() else "the sources have none of these rows",
        "max_contradicted": few if rows.known.any() else "the sources label none of these rows",
        "max_flipped": (
            scores
            if rows.scores is None
            else "too few predictions that the sources do not confirm were confident"
        ),
        "max_share": scores,
        "max_gap": "there are no groups" if not rows.groups else scores,
        "max_shift": scores,
    }
    unfit = {"max_flipped", "max_share", "max_gap"} if numbers else {"max_shift"}
    done = {item.rule for item in judged}
    return [
        impossible(rule, reason)
        for rule, reason in why.items()
        if rule not in done | unfit and getattr(guard, rule) is not None
    ]


def _error(breaches: list[SliceFinding], *, share: float, guard: Guard) -> DataError:
    # Tests against the sources come first, because they name rows. Of the others, the slice that
    # exceeds its bound most is usually the narrowest: one sender, not a whole that contains it.
    first = [item for item in breaches if item.rule in OF_SOURCES] or breaches
    worst = max(first, key=lambda item: (item.value - item.bound, item.z))
    others = sorted({f"{i.rule} ({i.subject})" for i in breaches if i is not worst and i.subject})
    shown = ", ".join(others[:SHOWN]) + (", ..." if len(others) > SHOWN else "")
    more = f"; also {shown}" if others else ""
    message = (
        f"feedback is not to be trusted: {worst.text}, {worst.bound:g} is allowed "
        f"(z {worst.z:.1f}, {guard.z:g} is allowed){more}"
    )
    hint = "find out who sent these labels; then drop them with on_breach: drop, or raise the bound"
    if guard.on_breach == "drop":
        message += f"; {share:.0%} of the rows are in question, too many to put aside"
        hint = "find out who sent these labels, and leave them out of the payload log"
    return DataError(message, where=f"{WHERE}.{worst.rule}", hint=hint)


def _quarantine(
    rows: FeedbackRows, aside: Mask, *, breaches: list[SliceFinding], out: Path
) -> Path:
    """Write the rows that are put aside, each with the rules that it breaks."""
    import pyarrow as pa
    from pyarrow import parquet

    rules = [
        ", ".join(dict.fromkeys(item.rule for item in breaches if item.bad[index]))
        for index in np.flatnonzero(aside)
    ]
    columns = {
        KEY: pa.array(rows.key[aside].tolist(), pa.string()),
        TIME: pa.array(rows.time[aside]),
        "rules": pa.array(rules, pa.string()),
    }
    path = out / QUARANTINE
    parquet.write_table(pa.table(columns), path)
    return path


def _counted(finding: GuardFinding, breaches: list[SliceFinding]) -> GuardFinding:
    own = [b for b in breaches if (b.rule, b.subject) == (finding.rule, finding.subject)]
    put_aside = int(own[0].bad.sum()) if own else 0
    return finding.model_copy(update={"quarantined": put_aside})
