"""Cleaning decisions, each with its reason in plain words and numbers.

For each column in this order: drop, else clip, then impute. Clipping first is what `cleaning.apply`
expects: a value that was made up for a missing one is never clipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mdlc.components.exploration.figures import percent
from mdlc.core.cleaning import Decision
from mdlc.core.columns import TARGET
from mdlc.core.documents.exploration_findings import CategoryColumn, Correlation, NumberColumn
from mdlc.core.spec.model import Explore

MISSING_TEXT = "(missing)"
Column = NumberColumn | CategoryColumn


def without_target(removed: int) -> list[Decision]:
    """Record, for the reader, the rows that preparation removed because they have no target."""
    if not removed:
        return []
    why = f"{removed} rows have no target: nothing can be learned from them, and SQL removed them"
    return [Decision(action="drop_rows", column=TARGET, why=why)]


def drops(
    columns: Sequence[Column], *, explore: Explore, correlation: Correlation | None
) -> list[Decision]:
    """Decide which features are not used: empty, constant, too many levels, collinear."""
    alone = {c.name: why for c in columns if (why := _reason_to_drop(c, explore=explore))}
    strengths = {column.name: column.target_strength for column in columns}
    pairs = correlation.collinear if correlation else []
    together = _weaker(pairs, strengths=strengths, gone=set(alone))
    reasons = {**alone, **together}
    return [
        Decision(action="drop", column=column.name, why=reasons[column.name])
        for column in columns
        if column.name in reasons
    ]


def clips(
    columns: Sequence[NumberColumn], *, tails: Mapping[str, tuple[float, float]], explore: Explore
) -> list[Decision]:
    """Clip `columns`, which need it, at the quantiles in `tails`.

    A column whose two quantiles are equal is not clipped, because it would become constant.
    """
    quantile = percent(explore.clip_quantile)
    return [
        Decision(
            action="clip",
            column=column.name,
            low=low,
            high=high,
            why=(
                f"{column.box.outliers} values ({percent(column.box.outlier_ratio)}) lie more than "
                f"{explore.outlier_whiskers:g} interquartile ranges outside the quartiles; "
                f"clipped to {low:.6g} and {high:.6g}, beyond which lie {quantile} on each side"
            ),
        )
        for column in columns
        for low, high in [tails[column.name]]
        if low < high
    ]


def needs_clip(column: NumberColumn, *, explore: Explore, unusable: Mapping[str, int]) -> bool:
    """Say whether a feature has outliers that may be clipped, or `unusable` (infinite) values.

    A feature of two values has no outliers, however rare one of them is.
    """
    beyond = column.box.outliers + unusable.get(column.name, 0)
    return explore.clip_outliers and column.distinct > 2 and beyond > 0


def imputes(columns: Sequence[Column]) -> list[Decision]:
    """Decide what replaces a missing value: a number's median, or a category's level for it."""
    return [_impute(column) for column in columns]


def _impute(column: Column) -> Decision:
    missing = f"{column.nulls} of {column.rows} values ({percent(column.nulls / column.rows)})"
    why = f"{missing} are missing" if column.nulls else "none is missing here, but one may be later"
    if isinstance(column, CategoryColumn):
        why = f'{why}; "{MISSING_TEXT}" is a level of its own'
        return Decision(action="impute", column=column.name, text=MISSING_TEXT, why=why)
    median = column.box.median
    why = f"{why}; the median {median:.6g} stands in, as outliers do not move it"
    return Decision(action="impute", column=column.name, value=median, why=why)


def _reason_to_drop(column: Column, *, explore: Explore) -> str | None:
    """Return why a feature holds no information, or None."""
    known = column.rows - column.nulls
    if not known:
        return f"all {column.rows} values are missing"
    ratio = column.nulls / column.rows
    if ratio > explore.max_null_ratio:
        return (
            f"{percent(ratio)} of the values are missing, "
            f"more than max_null_ratio {percent(explore.max_null_ratio)}"
        )
    # A category's missing values are a level of their own, so they vary; a number's are imputed.
    constant = column.distinct == 1 and (isinstance(column, NumberColumn) or not column.nulls)
    if constant:
        return f"all {known} known values are the same: it cannot tell two rows apart"
    if isinstance(column, CategoryColumn) and column.distinct > explore.max_categories:
        return (
            f"{column.distinct} levels in {known} rows, "
            f"more than max_categories {explore.max_categories}"
        )
    return None


def _weaker(
    pairs: Sequence[tuple[str, str, float]],
    *,
    strengths: Mapping[str, float | None],
    gone: set[str],
) -> dict[str, str]:
    """Return the weaker of each collinear pair (the later, if equal), and why it is dropped.

    `pairs` are sorted, the strongest first. If one of a pair is dropped already, the other stays.
    """
    reasons: dict[str, str] = {}
    for first, second, r in pairs:
        if {first, second} & (gone | set(reasons)):
            continue
        one, two = strengths[first] or 0.0, strengths[second] or 0.0
        lost, kept = (first, second) if one < two else (second, first)
        low, high = min(one, two), max(one, two)
        reasons[lost] = (
            f"collinear with {kept} (Spearman's r {r:.3f}), which alone says "
            f"{'more' if low < high else 'as much'} about the target "
            f"(strength {high:.4f} against {low:.4f})"
        )
    return reasons
