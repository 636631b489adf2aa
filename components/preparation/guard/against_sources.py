"""Tests of feedback against the sources: unknown rows, other features, contradicted labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mdlc.components.preparation.guard.feedback_rows import Array, FeedbackRows, Mask
from mdlc.components.preparation.guard.findings import SliceFinding, above
from mdlc.core.spec.retrain import Guard


def unknown(rows: FeedbackRows, guard: Guard) -> Iterator[SliceFinding]:
    """Judge rows whose key the sources lack though they cover its time, whole and by group."""
    bound = guard.max_unknown
    if bound is None:
        return
    for part, mask in rows.parts():
        yield from _share(
            "max_unknown",
            part,
            of=mask & rows.covered,
            bad=~rows.known,
            bound=bound,
            guard=guard,
            text="have a key that the sources lack, though they cover its time",
        )


def differing(
    rows: FeedbackRows, guard: Guard, *, counts: dict[str, int]
) -> Iterator[SliceFinding]:
    """Judge rows of a known key with other features than the sources' row, whole and by group."""
    bound = guard.max_differing
    if bound is None:
        return
    most = max(counts, key=lambda name: counts[name], default="")
    for part, mask in rows.parts():
        yield from _share(
            "max_differing",
            part,
            of=mask & rows.known,
            bad=rows.differs,
            bound=bound,
            guard=guard,
            text=f"have other features than the sources' row of their key, most often {most}",
        )


def contradicted(rows: FeedbackRows, guard: Guard, *, hidden: bool) -> Iterator[SliceFinding]:
    """Judge labels against the sources' own label of the key: by class, whole and by group."""
    bound = guard.max_contradicted
    if bound is None:
        return
    labelled = rows.known & _present(rows.source_label)
    wrong = labelled & _wrong(rows)
    for part, mask in rows.parts():
        for name, of in _classes(rows, labelled & mask):
            shown = "" if name is None else " of a class" if hidden else f" of class {name}"
            yield from _share(
                "max_contradicted",
                f"{shown} {part}".strip(),
                of=of,
                bad=wrong,
                bound=bound,
                guard=guard,
                text="have another label than the sources give them",
            )


def confirmed(rows: FeedbackRows) -> Mask:
    """Return the rows that the sources have with the same features and the same label."""
    known: Mask = rows.known & ~rows.differs & _present(rows.source_label)
    return known & ~_wrong(rows)


def _share(  # noqa: PLR0913 - a share, its rows and its words
    rule: str, subject: str, *, of: Mask, bad: Mask, bound: float, guard: Guard, text: str
) -> Iterator[SliceFinding]:
    count = int(of.sum())
    if count < guard.min_rows:
        return
    chosen = of & bad
    value = float(chosen.sum() / count)
    words = f"{value:.1%} of {count} feedback rows {subject}".strip() + f" {text}"
    yield SliceFinding(
        rule, subject, words, count, value, bound, above(value, bound=bound, rows=count), chosen
    )


def _classes(rows: FeedbackRows, mask: Mask) -> Iterator[tuple[str | None, Mask]]:
    """Yield each class by the sources' label with its rows; all rows for regression."""
    if rows.label.dtype.kind == "f":
        yield None, mask
        return
    for name in sorted(set(rows.source_label[mask])):
        yield str(name), mask & (rows.source_label == name)


def _present(labels: Array) -> Mask:
    if labels.dtype.kind == "f":
        return np.isfinite(labels)
    found: Mask = np.array([label is not None for label in labels], bool)
    return found


def _wrong(rows: FeedbackRows) -> Mask:
    if rows.label.dtype.kind != "f":
        wrong: Mask = rows.label != rows.source_label
        return wrong
    far: Mask = ~np.isclose(rows.label, rows.source_label.astype(float), rtol=1e-5, atol=1e-9)
    return far
