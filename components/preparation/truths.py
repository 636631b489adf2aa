"""Columns of false and true: they get one spelling for each, whatever files and clients write.

pandas writes True into a CSV, JSON has true, people write yes. Preparation finds the features that
have only such values, and records the most frequent spelling in the feature. So the predictor
knows that JSON's true is this model's True, or yes.
"""

from __future__ import annotations

from typing import Any

from mdlc.components.preparation.features import as_text
from mdlc.core.columns import TRUTHS, Feature, truth_of
from mdlc.core.documents.prepared_data import Remark

WORDS = [word for pair in TRUTHS for word in pair]


def spell(table: Any, features: list[Feature]) -> tuple[list[Feature], list[Remark]]:
    """Return the features, those of false and true with their spelling, and what was decided.

    All rows are read: a column with one other word is an ordinary category.
    """
    texts = {f.name: as_text(table[f.name]) for f in features if f.kind == "category"}
    if not texts:
        return features, []
    others = {
        name: (~text.lower().isin(WORDS)).fill_null(False).sum() for name, text in texts.items()
    }
    counts = table.aggregate(**others).to_pyarrow().to_pylist()[0]
    words = {name: _words(table, texts[name]) for name, count in counts.items() if not count}
    truths = {name: truth_of(found) for name, found in words.items()}
    known = [
        feature.model_copy(update={"truth": truths[feature.name]})
        if truths.get(feature.name)
        else feature
        for feature in features
    ]
    remarks = [
        Remark(
            source="table",
            column=name,
            kind="spelling",
            message=f"{', '.join(words[name])} are two categories, {truth[0]} and {truth[1]}",
        )
        for name, truth in truths.items()
        if truth and len(words[name]) > len(truth)
    ]
    return known, remarks


def _words(table: Any, text: Any) -> list[str]:
    """Return a column's different texts, the most frequent first."""
    import ibis

    rows = table.select(word=text)
    counted = rows.filter(rows["word"].notnull()).group_by("word").agg(n=lambda t: t.count())
    ordered = counted.order_by([ibis.desc("n"), "word"])
    words: list[str] = ordered["word"].to_pyarrow().to_pylist()
    return words
