"""Who answers which row: the champion, or, of a share chosen by the prediction's id, the canary.

The same id always goes the same way, on every replica. What the canary fails to score the champion
answers: a canary costs no request.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mdlc.core.scorer import Answers
from mdlc.services.json_logs import log, log_bounded, logs_debug, reduced
from mdlc.services.refusals import Refusal
from mdlc.serving.active_models import ActiveModels, LoadedModel
from mdlc.serving.predictor_metrics import Metrics
from mdlc.serving.request_rows import RequestRows

Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class RoutedRows:
    """Rows of a request that one version answered: their places in it, themselves, the answers."""

    loaded: LoadedModel
    index: Index
    rows: RequestRows
    answers: Answers


def position(identifier: str) -> float:
    """Return where an id falls in [0, 1): a canary with a ratio above it answers the prediction.

    >>> position("form-1") == position("form-1")
    True
    """
    digest = hashlib.sha256(identifier.encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def answer(lineup: ActiveModels, *, rows: RequestRows, metrics: Metrics) -> list[RoutedRows]:
    """Score a request's rows; return the parts that the champion and the canary answered.

    Raises:
        Refusal: the champion gives no finite score.
        Exception: whatever else keeps the champion from scoring.
    """
    every = np.arange(len(rows.ids))
    if lineup.trial is None:
        return [_champion(lineup, rows=rows, index=every, metrics=metrics)]
    ratio = lineup.trial.ratio
    chosen = np.array([position(identifier) < ratio for identifier in rows.ids])
    parts, left = [], every
    if chosen.any():
        part = _canary(lineup, rows=rows, index=every[chosen], metrics=metrics)
        if part is not None:
            parts.append(part)
            left = np.setdiff1d(every, part.index)
    if len(left):
        parts.append(_champion(lineup, rows=rows, index=left, metrics=metrics))
    return parts


def merge(parts: Sequence[RoutedRows]) -> tuple[Answers, list[str]]:
    """Return the answers, and the version that gave each, in the order of the request."""
    if len(parts) == 1:
        only = parts[0]
        return only.answers, [only.loaded.version] * len(only.index)
    order = np.argsort(np.concatenate([part.index for part in parts]))
    answers = [part.answers for part in parts]
    versions = [part.loaded.version for part in parts for _ in part.index]
    return Answers(
        scores=np.concatenate([given.scores for given in answers])[order],
        actions=np.concatenate([given.actions for given in answers])[order],
        values=np.concatenate([given.values for given in answers])[order],
        expected=np.concatenate([given.expected for given in answers])[order],
    ), [versions[place] for place in order]


def take(rows: RequestRows, index: Index) -> RequestRows:
    """Return some rows of a request."""
    batch = {name: column[index] for name, column in rows.batch.items()}
    return RequestRows([rows.ids[place] for place in index.tolist()], batch)


def _canary(
    lineup: ActiveModels, *, rows: RequestRows, index: Index, metrics: Metrics
) -> RoutedRows | None:
    """Return the rows that the canary answered, None if it was none."""
    assert lineup.trial is not None  # noqa: S101 - a canary answers only where there is one
    version, model, asked = lineup.trial.version, lineup.canary, take(rows, index)
    answers, finite, why = None, np.zeros(len(index), bool), {"error": "NotLoaded"}
    if model is not None:
        try:
            answers = _score(model, rows=asked, metrics=metrics)
            finite, why = _finite(answers, rows=len(index)), {"error": "NotFinite"}
        except Exception as error:
            # Whatever a runtime raises: the request is the champion's to answer.
            why = reduced(error)
    if failed := int((~finite).sum()):
        metrics.fail(version, rows=failed)
        fields = {"model": lineup.name, "version": version, "rows": failed, **why}
        log_bounded("canary_failed", level=logging.WARNING, **fields)
    if model is None or answers is None or not finite.any():
        return None
    if finite.all():
        return RoutedRows(model, index, asked, answers)
    kept = Answers(
        scores=answers.scores[finite],
        actions=answers.actions[finite],
        values=answers.values[finite],
        expected=answers.expected[finite],
    )
    return RoutedRows(model, index[finite], take(rows, index[finite]), kept)


def _champion(
    lineup: ActiveModels, *, rows: RequestRows, index: Index, metrics: Metrics
) -> RoutedRows:
    model = lineup.champion
    asked = rows if len(index) == len(rows.ids) else take(rows, index)
    try:
        answers = _score(model, rows=asked, metrics=metrics)
        finite = _finite(answers, rows=len(index))
        if not finite.all():
            first = int(index[int(np.flatnonzero(~finite)[0])])
            raise Refusal(f"row {first} has no finite score", status=500, reason="internal")
    except Exception:
        metrics.fail(model.version, rows=len(index))
        if logs_debug():
            for identifier in asked.ids:
                fields = {"model": lineup.name, "version": model.version, "id": identifier}
                log("unanswered", level=logging.DEBUG, **fields)
        raise
    return RoutedRows(model, index, asked, answers)


def _score(model: LoadedModel, *, rows: RequestRows, metrics: Metrics) -> Answers:
    started = time.perf_counter()
    answers = model.scorer.answer(rows.batch)
    metrics.scored(model.version, seconds=time.perf_counter() - started)
    return answers


def _finite(answers: Answers, *, rows: int) -> npt.NDArray[np.bool_]:
    """Say of each row whether its scores are finite; of a model of another shape, of none."""
    numbers = np.asarray(answers.scores, float)
    if len(numbers) != rows:
        return np.zeros(rows, bool)
    finite: npt.NDArray[np.bool_] = np.isfinite(numbers.reshape(rows, -1)).all(axis=1)
    return finite
