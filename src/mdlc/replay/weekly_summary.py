"""Summarises a replay in weeks: predictions, labels, drift, and the money of each policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from mdlc.core.scoring_rules import correct, log_losses, skill
from mdlc.replay.request_driver import RecordedAnswers
from mdlc.replay.row_stream import Array, RowStream, as_datetime
from mdlc.state.replay_documents import ReplayWeek
from mdlc.state.watch_documents import Observation


def make_weeks(
    stream: RowStream,
    *,
    answers: RecordedAnswers,
    money: dict[str, Array],
    observations: list[Observation],
    ignored: set[str],
) -> list[ReplayWeek]:
    """Cut the stream into weeks from its first day.

    Args:
        stream: The replayed rows.
        answers: What the server answered.
        money: Policy -> money earned by each row, NaN for rows without a label.
        observations: The watch's observations, in the order of time.
        ignored: Series whose drift never alerts; they are left out.
    """
    day = stream.time[0].astype("datetime64[D]").astype("datetime64[us]")
    index = ((stream.time - day) // np.timedelta64(7 * 86400, "s")).astype(int)
    weeks = []
    for number in range(int(index.max()) + 1):
        begins = as_datetime(day + np.timedelta64(7 * number, "D"))
        rows = np.flatnonzero(index == number)
        judged = rows[answers.labelled[rows]]
        ends = begins + timedelta(days=7)
        seen = [o for o in observations if begins < o.time <= ends]
        weeks.append(
            ReplayWeek(
                begins=begins,
                decisions=len(rows),
                labels=len(judged),
                versions=_in_order(answers.version[rows]),
                drift=_drift(seen[-1], ignored=ignored) if seen else {},
                money={k: float(np.nansum(v[rows])) for k, v in money.items()},
                **_quality(stream.target[judged], answers=answers, rows=judged),
            )
        )
    return weeks


def _quality(truth: Array, *, answers: RecordedAnswers, rows: Array) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(("accuracy", "log_loss", "skill", "mae"))
    nothing |= {"observed": {}, "predicted": {}}
    if not len(rows):
        return nothing
    if not answers.classes:
        value, true = answers.value[rows], truth.astype(float)
        means = {
            "observed": {"mean": float(true.mean())},
            "predicted": {"mean": float(value.mean())},
        }
        return nothing | means | {"mae": float(np.abs(value - true).mean())}
    position = {name: i for i, name in enumerate(answers.classes)}
    index = np.array([position[label] for label in truth], dtype=int)
    scores = answers.scores[rows]
    loss = float(log_losses(scores, index).mean())
    shares = np.bincount(index, minlength=len(position)) / len(index)
    return {
        "accuracy": float(correct(scores, index).mean()),
        "log_loss": loss,
        "skill": skill(loss, shares),
        "mae": None,
        "observed": dict(zip(answers.classes, shares.tolist(), strict=True)),
        "predicted": dict(zip(answers.classes, scores.mean(axis=0).tolist(), strict=True)),
    }


def _drift(observation: Observation, *, ignored: set[str]) -> dict[str, float]:
    return {
        signal.name: signal.psi
        for signal in observation.drift
        if signal.psi is not None and signal.name not in ignored
    }


def _in_order(versions: Array) -> list[str]:
    return [version for version in dict.fromkeys(versions.tolist()) if version]
