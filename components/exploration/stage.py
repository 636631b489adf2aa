"""The exploration stage: statistics of the training rows, and the cleaning decided from them.

Only training rows are used: if cleaning depended on test rows, the test would be too favourable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mdlc.components.exploration import (
    categories,
    cautions,
    cleaning_decisions,
    correlation,
    image_features,
    leaks,
    numbers,
    sample,
    training_rows,
)
from mdlc.core.cleaning import Decision, dropped
from mdlc.core.columns import COPY, KEY, SPLIT, TARGET
from mdlc.core.documents.exploration_findings import (
    Exploration,
    NumberColumn,
)
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError
from mdlc.core.files import read_document, write_document
from mdlc.core.spec.model import Explore

PREPARED, TABLE, EXPLORATION = "prepared.json", "table.parquet", "exploration.json"
NULL_SQL = f"SELECT * FROM prepared WHERE {TARGET} IS NOT NULL"  # noqa: S608 - shown, never run


def explore(explore: Explore, *, prepared: Path, sensitive: list[str], out: Path) -> Exploration:
    """Describe the prepared training rows and decide how every row is cleaned.

    Reads prepared.json and table.parquet in `prepared`, writes exploration.json into `out`.
    Values of `sensitive` columns, and of images made of them, do not reach the document; statistics
    of them do.

    Raises:
        ArtifactError: `prepared` is incomplete.
        DataError: there are no training rows, a column is missing, or no feature is left.
    """
    document = read_document(prepared / PREPARED, Prepared)
    path = prepared / TABLE
    hidden = {*sensitive, *(feature.name for feature in document.features if feature.sensitive)}
    plain = [feature.name for feature in document.features if feature.kind != "image"]
    copies = [COPY] if document.copies else []
    with training_rows.training_rows(path, columns=[KEY, SPLIT, TARGET, *copies, *plain]) as rows:
        found = _describe(rows, document, explore=explore)
        unusable = numbers.unusable(rows, [column.name for column in found.numbers])
        decided = _decide(rows, found, explore=explore, unusable=unusable)
        gone = dropped(decided)
        suspected = leaks.suspects(
            rows,
            features=[feature for feature in document.features if feature.name not in gone],
            regression=document.task == "regression",
            above=explore.leak_above,
        )
        leaking = leaks.sentences(suspected, allowed=explore.allow)
    result = found.model_copy(
        update={
            "categories": [
                categories.hide(column) if column.name in hidden else column
                for column in found.categories
            ],
            "images": [
                image_features.describe(path, feature, hidden=feature.name in hidden)
                for feature in document.features
                if feature.kind == "image"
            ],
            "decisions": [
                *cleaning_decisions.without_target(document.removed_null_target),
                *decided,
            ],
            "leaks": leaking,
            "warnings": [
                *leaking,
                *_warn(found, explore=explore, unusable=unusable, gone=gone, suspected=suspected),
            ],
        }
    )
    _some_feature_is_left(document, decided)
    write_document(out / EXPLORATION, result)
    return result


def _describe(rows: Any, document: Prepared, *, explore: Explore) -> Exploration:
    """Describe the target, number and category features; nothing is decided yet."""
    total = training_rows.fetch(rows.agg(rows=rows.count()))[0]["rows"]
    if not total:
        raise DataError(
            "no row is in the training split", where="spec.model.split", hint="widen its window"
        )
    regression = document.task == "regression"
    counts = {} if regression else _class_counts(rows, document.classes)
    present = [name for name, count in counts.items() if count]
    names = [feature.name for feature in document.features if feature.kind == "number"]
    whiskers = explore.outlier_whiskers
    drawn = sample.draw(
        rows, names=names, rows=total, limit=explore.sample_rows, regression=regression
    )
    return Exploration(
        rows=total,
        target=(
            _number_target(rows, drawn, total=total, whiskers=whiskers)
            if regression
            else {"kind": "classes", "counts": counts}
        ),
        numbers=numbers.describe(
            rows, sample=drawn, rows=total, whiskers=whiskers, classes=present
        ),
        categories=categories.describe(
            rows,
            names=[feature.name for feature in document.features if feature.kind == "category"],
            rows=total,
            rarest=None if regression else min(present, key=lambda name: counts[name]),
            max_categories=explore.max_categories,
        ),
        images=[],
        correlation=correlation.correlate(drawn, collinear_above=explore.collinear_above),
        null_sql=NULL_SQL,
        decisions=[],
        warnings=[],
    )


def _decide(
    rows: Any, found: Exploration, *, explore: Explore, unusable: Mapping[str, int]
) -> list[Decision]:
    """Decide the cleaning of every feature but images: drops, then clips, then imputes."""
    columns: list[cleaning_decisions.Column] = [*found.numbers, *found.categories]
    drops = cleaning_decisions.drops(columns, explore=explore, correlation=found.correlation)
    gone = dropped(drops)
    outlying = [
        column
        for column in found.numbers
        if column.name not in gone
        and cleaning_decisions.needs_clip(column, explore=explore, unusable=unusable)
    ]
    tails = numbers.tails(
        rows,
        names=[column.name for column in outlying],
        rows=found.rows,
        share=explore.clip_quantile,
    )
    return [
        *drops,
        *cleaning_decisions.clips(outlying, tails=tails, explore=explore),
        *cleaning_decisions.imputes([column for column in columns if column.name not in gone]),
    ]


def _warn(
    found: Exploration,
    *,
    explore: Explore,
    unusable: Mapping[str, int],
    gone: set[str],
    suspected: Collection[str],
) -> list[str]:
    """Say what a person should look at; of dropped features, only a leak."""
    said = {*suspected, *explore.allow}
    columns: list[cleaning_decisions.Column] = [*found.numbers, *found.categories]
    kept = [column for column in columns if column.name not in gone]
    classes = found.target["kind"] == "classes"
    return [
        *(cautions.imbalance(found.target["counts"]) if classes else []),
        *cautions.leaks([c for c in columns if c.name not in said], above=explore.leak_above),
        *cautions.unusable(unusable),
        *cautions.heavy_tails([column for column in kept if isinstance(column, NumberColumn)]),
        *cautions.weak(kept, regression=not classes),
    ]


def _class_counts(rows: Any, classes: list[str]) -> dict[str, int]:
    """Return the training rows of each class, in the classes' order, 0 where there are none."""
    lines = training_rows.fetch(rows.group_by(TARGET).agg(rows=rows.count()))
    found = {line[TARGET]: line["rows"] for line in lines}
    return {name: found.get(name, 0) for name in classes}


def _number_target(
    rows: Any, drawn: sample.NumberSample, *, total: int, whiskers: float
) -> dict[str, Any]:
    """Describe a number target as a feature is described, under a name of its own."""
    values = drawn.target.astype(float)[:, None]
    itself = sample.NumberSample(["target"], values, values, drawn.target)
    described = numbers.describe(
        rows.select(target=rows[TARGET]),
        sample=itself,
        rows=total,
        whiskers=whiskers,
        classes=[],
    )[0]
    left_out = {"name", "by_class", "target_strength"}
    return {"kind": "number", **described.model_dump(exclude=left_out)}


def _some_feature_is_left(document: Prepared, decided: list[Decision]) -> None:
    gone = dropped(decided)
    if all(feature.name in gone for feature in document.features):
        first = next((d for d in decided if d.action == "drop"), None)
        reason = f", such as {first.column}: {first.why}" if first else ""
        raise DataError(
            f"no feature is left of {len(document.features)}{reason}",
            where="spec.data.features",
            hint="add a feature that varies, or raise max_null_ratio in spec.explore",
        )
