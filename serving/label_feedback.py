"""Receives labels: stores them by id, and counts what they say about quality at once."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from mdlc.core import payoff
from mdlc.core.errors import SpecError
from mdlc.core.scoring_rules import brier_scores, correct, log_losses
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.deploy import Serving
from mdlc.services.json_logs import log, logs_debug
from mdlc.services.refusals import Refusal, too_large
from mdlc.serving.payload_labels import Label, LabelOutcome, Status
from mdlc.serving.payload_log import PayloadLog
from mdlc.serving.predictor_metrics import LabelledQuality, Metrics
from mdlc.serving.request_clock import Clock, parse
from mdlc.serving.request_rows import MAX_ID

MAX_PROBLEMS = 20
MAX_REASON = 1000
"""Characters of the reason of a correction that are kept."""
USED: tuple[Status, ...] = ("accepted", "corrected")
REJECTED: tuple[Status, ...] = ("duplicate", "contradictory", "unknown", "invalid")


class Feedback:
    """Receives labels for one model; `terms` returns the payoff that serves now.

    A correction changes what a retraining learns. The quality counters, which only go up, keep what
    the first label said.
    """

    def __init__(
        self,
        log: PayloadLog,
        *,
        metrics: Metrics,
        clock: Clock,
        terms: Callable[[], Payoff | None],
        limits: Serving,
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._clock = clock
        self._terms = terms
        self._limits = limits

    def receive(self, body: bytes, *, headers: Mapping[str, str]) -> dict[str, Any]:
        """Take {"labels": [{"id", "label", "time"?, "reason"?}, ...]}; return what became of them.

        Raises:
            Refusal: the body is not of this form, or the payload log is not available.
        """
        now = self._clock.now(headers)
        labels, problems = self._parse(body, now=now)
        verdicts = self._log.label(labels, received=now, corrections=self._limits.corrections)
        if logs_debug():
            self._tell(verdicts)
        counts = Counter(verdict.status for verdict in verdicts)
        counts["invalid"] += len(problems)
        problems += [verdict.problem for verdict in verdicts if verdict.problem]
        for reason in REJECTED:
            if counts[reason]:
                self._metrics.rejected.labels(self._metrics.model, reason).inc(counts[reason])
        self._judge([verdict for verdict in verdicts if verdict.status == "accepted"])
        totals: dict[str, int] = {key: counts[key] for key in (*USED, *REJECTED)}
        return {**totals, "problems": problems[:MAX_PROBLEMS]}

    def _parse(self, body: bytes, *, now: datetime) -> tuple[list[Label], list[str]]:
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Refusal(f"the body is not JSON: {error}") from error
        sent = payload.get("labels") if isinstance(payload, dict) else None
        if not isinstance(sent, list):
            raise Refusal('wanted JSON {"labels": [{"id": ..., "label": ...}, ...]}')
        if len(sent) > self._limits.max_rows:
            raise too_large(f"the request has {len(sent)} labels", limit=self._limits.max_rows)
        labels, problems = [], []
        for index, item in enumerate(sent):
            known = isinstance(item, dict) and item.keys() <= {"id", "label", "time", "reason"}
            if not known or not isinstance(item.get("id"), str) or "label" not in item:
                wanted = "id (a text), label and, if known, time, and the reason of a correction"
                problems.append(f"label {index}: wanted {wanted}")
                continue
            try:
                time = now if item.get("time") is None else parse(item["time"], name="time")
            except Refusal as refusal:
                problems.append(f"{item['id'][:128]}: {refusal.message}")
                continue
            reason = str(item.get("reason") or "")[:MAX_REASON]
            labels.append(Label(item["id"], item["label"], time, reason))
        return labels, problems

    def _tell(self, verdicts: Sequence[LabelOutcome]) -> None:
        """Log a line for each label, with its outcome but not its value."""
        for verdict in verdicts:
            known = {"version": verdict.prediction.version} if verdict.prediction else {}
            fields = {"model": self._metrics.model, **known, "id": verdict.label.id[:MAX_ID]}
            log("labelled", level=logging.DEBUG, **fields, status=verdict.status)

    def _judge(self, accepted: Sequence[LabelOutcome]) -> None:
        groups: dict[tuple[str, tuple[str, ...]], list[LabelOutcome]] = defaultdict(list)
        for verdict in accepted:
            groups[verdict.prediction.version, tuple(verdict.prediction.scores)].append(verdict)
        for (version, classes), verdicts in groups.items():
            terms = self._terms()
            if classes:
                quality = judge_classes(verdicts, classes=classes, terms=terms)
            else:
                quality = judge_numbers(verdicts, terms=terms)
            waits = [(v.label.time - v.prediction.time).total_seconds() for v in verdicts]
            self._metrics.judge(version, quality=quality, lags=np.array(waits))


def judge_classes(
    verdicts: Sequence[LabelOutcome], *, classes: tuple[str, ...], terms: Payoff | None
) -> LabelledQuality:
    """Return the quality of a classifier by its labels, with the formulas of evaluation."""
    rows = len(verdicts)
    scores = np.array([list(v.prediction.scores.values()) for v in verdicts], float)
    truth = np.array([classes.index(v.text) for v in verdicts])
    top, right = scores.argmax(axis=1), correct(scores, truth)
    gained, lost, money_squared = _money_of_actions(
        verdicts, classes=classes, truth=truth, terms=terms
    )
    return LabelledQuality(
        labels=rows,
        classes=classes,
        correct=int(right.sum()),
        log_loss=float(log_losses(scores, truth).sum()),
        brier=float(brier_scores(scores, truth).sum()),
        predicted=scores.sum(axis=0),
        observed=np.bincount(truth, minlength=len(classes)).astype(float),
        variance=(scores * (1 - scores)).sum(axis=0),
        named=np.bincount(top, minlength=len(classes)).astype(float),
        hit=np.bincount(top[right], minlength=len(classes)).astype(float),
        gained=gained,
        lost=lost,
        money_squared=money_squared,
    )


def _money_of_actions(
    verdicts: Sequence[LabelOutcome],
    *,
    classes: tuple[str, ...],
    truth: np.ndarray[Any, np.dtype[np.int64]],
    terms: Payoff | None,
) -> tuple[float, float, float]:
    """Return money (gained, lost, squared) of the actions taken, by today's payoff.

    An action or class that today's terms do not have, because the file has changed since, is left
    out: it has no price any more. Without terms nothing has a price.
    """
    try:
        table = payoff.for_classes(terms, classes)
    except SpecError:
        return 0.0, 0.0, 0.0
    if not table.priced:
        return 0.0, 0.0, 0.0
    index = {action: position for position, action in enumerate(table.actions)}
    actions = np.array([index.get(v.prediction.action, -1) for v in verdicts])
    priced = actions >= 0
    return _split(table.earned(actions[priced], truth[priced]))


def judge_numbers(verdicts: Sequence[LabelOutcome], *, terms: Payoff | None) -> LabelledQuality:
    """Return what labels tell about a regression."""
    values = np.array([v.prediction.value for v in verdicts], float)
    truth = np.array([float(v.text) for v in verdicts])
    error = values - truth
    try:
        unit = payoff.for_numbers(terms)
        earned = unit.earned(values, truth) if unit.priced else np.zeros(0)
        gained, lost, money_squared = _split(earned)
    except SpecError:
        gained = lost = money_squared = 0.0
    return LabelledQuality(
        labels=len(verdicts),
        absolute=float(np.abs(error).sum()),
        squared=float((error**2).sum()),
        over=float(error.clip(min=0).sum()),
        under=float((-error).clip(min=0).sum()),
        gained=gained,
        lost=lost,
        money_squared=money_squared,
    )


def _split(money: payoff.Floats) -> tuple[float, float, float]:
    gained, lost = money.clip(min=0), (-money).clip(min=0)
    return float(gained.sum()), float(lost.sum()), float((money**2).sum())
