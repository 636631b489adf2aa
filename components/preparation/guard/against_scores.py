"""Tests of feedback against the predictions of the serving model for the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mdlc.components.preparation.guard.feedback_rows import Array, FeedbackRows, Mask
from mdlc.components.preparation.guard.findings import SliceFinding
from mdlc.components.preparation.guard.flips import excess
from mdlc.core.spec.retrain import Guard

Judgements = Iterator[SliceFinding]
SURE = 30
"""Fewest confident predictions of a group that is tested."""


def flipped(rows: FeedbackRows, guard: Guard, *, hidden: bool) -> Judgements:
    """Judge confident predictions that labels contradict: by window, class and group."""
    bound = guard.max_flipped
    if bound is None:
        return
    for name, scores, happened in _classes(rows):
        sure = scores >= guard.confident
        shown = "a class" if hidden else f"class {name}"
        for window, inside in rows.slices():
            for part, mask in rows.parts():
                chosen = inside & mask & np.isfinite(scores)
                confident = chosen & sure
                if chosen.sum() < guard.min_rows or confident.sum() < SURE:
                    continue
                value, z = float((~happened[confident]).mean()), 0.0
                if value > bound:
                    value, z = excess(scores[chosen], happened[chosen], bound=bound)
                subject = f"{shown} {part} {window}".replace("  ", " ").strip()
                text = (
                    f"the labels of {subject} contradict {(~happened[confident]).mean():.1%} of "
                    f"{confident.sum()} confident predictions, as if {value:.1%} were flipped"
                )
                rows_bad = inside & mask
                yield SliceFinding(
                    "max_flipped", subject, text, int(chosen.sum()), value, bound, z, rows_bad
                )


def shares(rows: FeedbackRows, guard: Guard, *, hidden: bool) -> Judgements:
    """Test each class's share of labels against its predicted share: by window and by day."""
    bound = guard.max_share
    if bound is None:
        return
    for name, scores, happened in _classes(rows):
        shown = "a class" if hidden else f"class {name}"
        for place, mask in (*rows.slices(), *_days(rows)):
            chosen = mask & np.isfinite(scores)
            if chosen.sum() < guard.min_rows:
                continue
            predicted, observed, error = _share(scores[chosen], happened[chosen])
            subject = f"{shown} {place}".strip()
            value = abs(observed - predicted)
            text = (
                f"{observed:.1%} of {chosen.sum()} labels are {subject} "
                f"where {predicted:.1%} were predicted"
            )
            z = (value - bound) / error
            yield SliceFinding("max_share", subject, text, int(chosen.sum()), value, bound, z, mask)


def gaps(rows: FeedbackRows, guard: Guard, *, hidden: bool) -> Judgements:
    """Test each group's difference of observed and predicted share against the other groups'.

    A real change affects all groups; wrong labels of one sender affect only its own group.
    """
    bound = guard.max_gap
    if bound is None:
        return
    for name, scores, happened in _classes(rows):
        shown = "a class" if hidden else f"class {name}"
        for window, inside in rows.slices():
            usable = inside & np.isfinite(scores)
            for part, mask in list(rows.parts())[1:]:
                own, others = usable & mask, usable & ~mask
                if min(own.sum(), others.sum()) < guard.min_rows:
                    continue
                mine, theirs = (_share(scores[m], happened[m]) for m in (own, others))
                if abs(mine[1] - mine[0]) < abs(theirs[1] - theirs[0]):
                    continue  # the gap is the others'
                value = abs((mine[1] - mine[0]) - (theirs[1] - theirs[0]))
                subject = f"{shown} {part} {window}".replace("  ", " ").strip()
                text = (
                    f"{mine[1]:.1%} of {own.sum()} labels are {subject} where {mine[0]:.1%} were "
                    f"predicted, with the others {theirs[1]:.1%} where {theirs[0]:.1%} were"
                )
                z = (value - bound) / float(np.hypot(mine[2], theirs[2]))
                bad = inside & mask
                yield SliceFinding("max_gap", subject, text, int(own.sum()), value, bound, z, bad)


def shifts(rows: FeedbackRows, guard: Guard) -> Judgements:
    """Judge a regression's mean error by day, window and group, in deviations of the target."""
    bound = guard.max_shift
    if bound is None or rows.scores is None or not rows.unit:
        return
    error = (rows.label.astype(float) - rows.scores[:, 0]) / rows.unit
    for place, mask in (*rows.slices(), *_days(rows), *list(rows.parts())[1:]):
        chosen = mask & np.isfinite(error)
        count = int(chosen.sum())
        if count < guard.min_rows:
            continue
        value = abs(float(error[chosen].mean()))
        spread = max(float(error[chosen].std()), 1e-9) / np.sqrt(count)
        text = (
            f"{count} labels {place} are off the predictions by {value:.1f} standard deviations "
            "of the target, on average"
        ).replace("  ", " ")
        yield SliceFinding(
            "max_shift", place, text, count, value, bound, (value - bound) / spread, mask
        )


def _classes(rows: FeedbackRows) -> Iterator[tuple[str, Array, Mask]]:
    """Yield each class that was predicted, its probabilities, and whether the label says it."""
    if rows.scores is not None:
        for index, name in enumerate(rows.classes):
            yield name, rows.scores[:, index], rows.label == name


def _days(rows: FeedbackRows) -> Iterator[tuple[str, Mask]]:
    days = rows.time.astype("datetime64[D]")
    for day in np.unique(days):
        yield f"on {day}", days == day


def _share(scores: Array, happened: Mask) -> tuple[float, float, float]:
    """Return the share predicted, the share observed, and the standard error of the difference."""
    variance = float((scores * (1 - scores)).sum())
    error = max(np.sqrt(variance), 1.0) / len(scores)
    return float(scores.mean()), float(happened.mean()), float(error)
