"""spec.deploy, spec.monitor and spec.retrain: from a promoted model to its successor."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mdlc.core.spec.base import Duration, Section
from mdlc.core.spec.data import Column
from mdlc.core.spec.model import CandidateSpec


class Promotion(Section):
    """When a challenger replaces the champion."""

    min_gain: float = Field(0, description="Money per decision that it must earn more, on average.")
    confidence: float = Field(
        0.9, gt=0.5, lt=1, description="Share of bootstrap resamples in which it earns more."
    )
    parity: float = Field(
        1e-4, gt=0, description="Largest difference of exported and trained model."
    )


class Serving(Section):
    """How predictions are answered."""

    port: int = Field(8080, ge=1, le=65535, description="Where mdlc serve listens.")
    max_rows: int = Field(10_000, ge=1, description="Rows in one request.")
    max_bytes: int = Field(16_000_000, ge=1000, description="Bytes in one request.")


class Deploy(Section):
    """Promotion and serving."""

    promote: Promotion = Field(Promotion(), description="When a challenger replaces the champion.")
    serving: Serving = Field(Serving(), description="How predictions are answered.")


class Drift(Section):
    """Population stability index of each feature and of the predictions."""

    warn: float = Field(0.1, gt=0, description="Index above which an alert stands.")
    retrain: float = Field(0.25, gt=0, description="Index above which the alert gives a reason.")
    bins: int = Field(10, ge=2, le=50, description="Bins of a number, at its training quantiles.")
    min_predictions: int = Field(1000, ge=1, description="Fewer in a window: not enough data.")
    ignore: list[Column] = Field(default=[], description="Features that never alert.")


class Quality(Section):
    """Bounds on what late labels tell."""

    min_labels: int = Field(1000, ge=1, description="Fewer in a window: not enough data.")
    calibration: float = Field(
        0.15, gt=0, description="|observed / predicted - 1| of a class's share that is too much."
    )
    min_skill: float = Field(
        0.0, le=1, description="1 - log-loss / log-loss of always saying the window's shares."
    )
    money_ratio: float = Field(
        0.5, description="Window's money per decision over that of the promotion's test, at least."
    )


class Monitor(Section):
    """What is watched, and over which windows."""

    window: Duration = Field(
        "7d", validate_default=True, description="The span that every signal is about."
    )
    hold: Duration = Field(
        "1d", validate_default=True, description="How long before an alert fires."
    )
    warm_up: Duration = Field(
        "7d",
        validate_default=True,
        description="How long a version serves before its quality and drift are judged.",
    )
    labels_within: Duration = Field(
        "3d", validate_default=True, description="Labels are late after."
    )
    min_label_ratio: float = Field(
        0.5, ge=0, le=1, description="Share of predictions labelled by then."
    )
    drift: Drift = Field(Drift(), description="Bounds on the population stability index.")
    quality: Quality = Field(Quality(), description="Bounds on what late labels tell.")


class Retrain(Section):
    """What starts a retraining, and what holds it back."""

    when: list[Literal["calibration", "skill", "money", "drift", "schedule"]] = Field(
        default=["calibration", "skill", "money"], description="Reasons that may start one."
    )
    every: Duration | None = Field(None, description="With when: schedule.")
    cooldown: Duration = Field(
        "14d", validate_default=True, description="From the end of one to the start of the next."
    )
    max_per_month: int = Field(2, ge=0, description="In a calendar month, UTC; failed ones count.")
    cost_per_run: float = Field(0, ge=0, description="Money for one retraining.")
    money_per_month: float | None = Field(
        None, ge=0, description="Money for all of a month's retrainings; None: no bound."
    )
    window: Duration | None = Field(None, description="Length of the training window; None: all.")
    validation: Duration = Field(
        "7d", validate_default=True, description="Length of its validation window."
    )
    test: Duration = Field(
        "7d", validate_default=True, description="Length of its test window, the newest."
    )
    min_new_labels: int = Field(1000, ge=1, description="Labels since the last one, at least.")
    trials: int = Field(3, ge=1, description="Tuning is warm-started from the champion.")
    candidates: list[CandidateSpec] = Field(
        default=[], description="[] is the champion's kind; the rule always takes part."
    )
