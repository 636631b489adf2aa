"""What each policy's decisions earned, row by row."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from mdlc.core.bundle import Manifest, open_bundle
from mdlc.core.columns import SPLIT, TARGET, read_table
from mdlc.core.documents.training_result import Training
from mdlc.core.errors import MdlcError
from mdlc.core.files import read_document
from mdlc.life.train import TrainingArtifacts
from mdlc.replay.alternative_policies import earned, earned_by, nothing_earned
from mdlc.replay.request_driver import RecordedAnswers
from mdlc.replay.row_stream import Array, RowStream, as_datetime64


def money_by_policy(
    stream: RowStream,
    *,
    answers: RecordedAnswers,
    bundle: Path,
    results: TrainingArtifacts,
    months: dict[datetime, Path],
) -> dict[str, Array]:
    """Return policy -> money earned by each row; NaN for rows without a label.

    Args:
        stream: The replayed rows.
        answers: What the server answered.
        bundle: The model that served first.
        results: The first training, for its rule and its training rows.
        months: When each monthly model begins to serve, and its bundle; {} leaves that policy out.
    """
    manifest, _ = open_bundle(bundle)
    rows = np.flatnonzero(answers.labelled)
    everything: dict[str, Array] = {
        "loop": earned(
            manifest,
            action=answers.action[rows],
            value=answers.value[rows],
            truth=stream.target[rows],
        ),
        "never": earned_by(bundle, stream, rows=rows),
        "rule": earned_by(_rule(results), stream, rows=rows),
        "nothing": nothing_earned(
            manifest, truth=stream.target[rows], past=_past(results, manifest)
        ),
    }
    if months:
        everything["monthly"] = _monthly(stream, bundle=bundle, months=months, rows=rows)
    spread = {}
    for policy, money in everything.items():
        spread[policy] = np.full(len(stream), np.nan)
        spread[policy][rows] = money
    return spread


def _rule(results: TrainingArtifacts) -> Path:
    folder = results.folder("training")
    training = read_document(folder / "training.json", Training)
    rule = next((c for c in training.candidates if c.kind == "rule" and c.folder), None)
    if rule is None:
        raise MdlcError("the rule could not be exported, so there is none to compare with")
    return folder / rule.folder


def _past(results: TrainingArtifacts, manifest: Manifest) -> Array:
    table = results.folder("preparation") / "table.parquet"
    where = f"{SPLIT} IN ('train', 'validation')"
    _, others = read_table(table, features=manifest.features[:1], where=where, extra=(TARGET,))
    return others[TARGET]


def _monthly(
    stream: RowStream, *, bundle: Path, months: dict[datetime, Path], rows: Array
) -> Array:
    """Return the money if the newest monthly model decides each row; before the first, `bundle`."""
    serving = np.zeros(len(rows), dtype=int)
    for begins in sorted(months):
        serving += stream.time[rows] >= as_datetime64(begins)
    earnings = np.full(len(rows), np.nan)
    for number, path in enumerate([bundle, *(months[begins] for begins in sorted(months))]):
        chosen = np.flatnonzero(serving == number)
        earnings[chosen] = earned_by(path, stream, rows=rows[chosen])
    return earnings
