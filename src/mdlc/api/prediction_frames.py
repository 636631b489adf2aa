"""Converts tables of rows into requests, and the model's answers into tables.

An answer has the index of its row. For classification it has the action with the highest expected
payoff, that payoff, and a score for each class; for regression the predicted value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mdlc.api.memory_sources import arrow_table
from mdlc.core.bundle import Manifest
from mdlc.core.columns import from_values
from mdlc.core.errors import DataError, closest
from mdlc.core.scorer import Scorer, probe
from mdlc.life.releases import bundle_of, require
from mdlc.state.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

SCORE = "score_"
"""Prefix of the columns with the scores of classes."""


def answer_table(workspace: Workspace, rows: Any) -> pd.DataFrame:
    """Predict the rows of a table in this process, without logging; see `Lifecycle.predict`."""
    import pandas as pd

    pointer = require(workspace)
    scorer = Scorer.load(bundle_of(workspace, pointer), digest=pointer.digest)
    scorer = scorer.taking(pointer.instead)
    probe(scorer)
    columns = feature_values(rows, manifest=scorer.manifest)
    batch = {f.name: from_values(f, columns[f.name]) for f in scorer.manifest.features}
    answers = scorer.answer(batch)
    found: dict[str, Any]
    if scorer.manifest.task == "regression":
        found = {"value": answers.values}
    else:
        found = {"action": answers.actions, "expected": answers.expected}
        for number, name in enumerate(scorer.manifest.classes):
            found[f"{SCORE}{name}"] = answers.scores[:, number]
    return pd.DataFrame(found, index=index_of(rows))


def answers_to_frame(answers: dict[str, Any], *, rows: Any) -> pd.DataFrame:
    """Return a server's answer of the V1 protocol as a table, with the ids of the predictions."""
    import pandas as pd

    lines = []
    for answer in answers["predictions"]:
        line = {key: value for key, value in answer.items() if key != "scores"}
        line |= {f"{SCORE}{name}": score for name, score in answer.get("scores", {}).items()}
        lines.append(line)
    return pd.DataFrame(lines, index=index_of(rows))


def feature_values(rows: Any, *, manifest: Manifest) -> dict[str, list[Any]]:
    """Return each feature's values, row by row.

    Raises:
        DataError: a column is not a feature, or a feature has no column.
    """
    names = [feature.name for feature in manifest.features]
    table = arrow_table(rows.reset_index(drop=True) if hasattr(rows, "reset_index") else rows)
    for name in table.column_names:
        if name not in names:
            hint = f"{closest(name, names)}; lifecycle.features lists those that the model reads"
            raise DataError(f"column {name} is not a feature", hint=hint)
    for name in names:
        if name not in table.column_names:
            hint = "add it; NULL in a row means that it is not known there"
            raise DataError(f"the table has no column {name}, which the model reads", hint=hint)
    return {name: table.column(name).to_pylist() for name in names}


def index_of(rows: Any) -> Any:
    """Return the index of a DataFrame; None (numbered from 0) for another table."""
    return rows.index if hasattr(rows, "reset_index") else None
