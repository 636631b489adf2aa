"""Routes each row to the champion or the canary, by the prediction's id.

The same id always goes to the same version, on every replica. Rows that the canary fails to score
are answered by the champion, so no request fails because of a canary. A failure counts against the
canary only if the champion succeeds.
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

EXTREME = 1e15
"""Rows with larger numbers do not count against a canary: float32 sums and squares overflow."""
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class RoutedRows:
    """The rows of a request that one version answered, their positions in it, and the answers."""

    loaded: LoadedModel
    index: Index
    rows: RequestRows
    answers: Answers


def position(identifier: str) -> float:
    """Return a number in [0, 1) computed from an id; a canary answers if its ratio is above it.

    >>> position("form-1") == position("form-1")
    True
    """
    digest = hashlib.sha256(identifier.encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def answer(lineup: ActiveModels, *, rows: RequestRows, metrics: Metrics) -> list[RoutedRows]:
    """Score a request's rows; return the parts that the champion and the canary answered.

    Raises:
        Refusal: the champion gives a score that is not finite.
        Exception: the champion's runtime fails in another way.
    """
    every = np.arange(len(rows.ids))
    if lineup.trial is None:
        return [_champion(lineup, rows=rows, index=every, metrics=metrics)]
    ratio = lineup.trial.ratio
    chosen = np.array([position(identifier) < ratio for identifier in rows.ids])
    parts, left, failed = [], every, every[:0]
    why: dict[str, str] = {}
    if chosen.any():
        part, failed, why = _canary(lineup, rows=rows, index=every[chosen], metrics=metrics)
        if part is not None:
            parts.append(part)
            left = np.setdiff1d(every, part.index)
    if len(left):
        parts.append(_champion(lineup, rows=rows, index=left, metrics=metrics))
    _charge(lineup, rows=rows, failed=failed, why=why, metrics=metrics)
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
) -> tuple[RoutedRows | None, Index, dict[str, str]]:
    """Return the rows that the canary answered (None: none), those that it failed, and why."""
    model, asked = lineup.canary, take(rows, index)
    if model is None:
        return None, index, {"error": "NotLoaded"}
    try:
        answers = _score(model, rows=asked, metrics=metrics)
    except Exception as error:
        # Runtimes raise errors of any type; in every case the champion answers.
        return None, index, reduced(error)
    finite = _finite(answers, rows=len(index))
    failed, why = index[~finite], {"error": "NotFinite"}
    if finite.all():
        return RoutedRows(model, index, asked, answers), failed, why
    if not finite.any():
        return None, failed, why
    kept = Answers(
        scores=answers.scores[finite],
        actions=answers.actions[finite],
        values=answers.values[finite],
        expected=answers.expected[finite],
    )
    return RoutedRows(model, index[finite], take(rows, index[finite]), kept), failed, why


def _charge(
    lineup: ActiveModels,
    *,
    rows: RequestRows,
    failed: Index,
    why: dict[str, str],
    metrics: Metrics,
) -> None:
    """Count and log the rows that the canary failed to score and the champion answered.

    A row that the champion cannot score either does not get here: it was refused, or the champion
    raised. Rows with extreme numbers are not counted; otherwise ten requests with absurd numbers
    could have any canary rolled back.
    """
    assert lineup.trial is not None  # noqa: S101 - a canary answers only where there is one
    charged = int((~_extreme(rows)[failed]).sum())
    if not charged:
        return
    version = lineup.trial.version
    metrics.fail(version, rows=charged)
    fields = {"model": lineup.name, "version": version, "rows": charged, **why}
    log_bounded("canary_failed", level=logging.WARNING, **fields)


def _extreme(rows: RequestRows) -> npt.NDArray[np.bool_]:
    """Return for each row whether it has a number beyond EXTREME."""
    found = np.zeros(len(rows.ids), bool)
    for column in rows.batch.values():
        if column.dtype.kind == "f":
            found |= (np.abs(column.reshape(len(column), -1)) > EXTREME).any(axis=1)
    return found


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
    """Return for each row whether its scores are finite; False if they have the wrong shape."""
    numbers = np.asarray(answers.scores, float)
    if len(numbers) != rows:
        return np.zeros(rows, bool)
    finite: npt.NDArray[np.bool_] = np.isfinite(numbers.reshape(rows, -1)).all(axis=1)
    return finite
