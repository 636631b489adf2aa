"""spec.deploy: when a challenger replaces the champion, and how predictions are answered."""

from __future__ import annotations

from pydantic import Field

from mdlc.core.spec.base import Duration, Section


class Promotion(Section):
    """When a challenger replaces the champion."""

    min_gain: float = Field(0, description="Money per decision that it must earn more, on average.")
    confidence: float = Field(
        0.9, gt=0.5, lt=1, description="Share of bootstrap resamples in which it earns more."
    )
    parity: float = Field(
        1e-4, gt=0, description="Largest difference of exported and trained model."
    )


class Canary(Section):
    """A promoted version first answers a share of the predictions; it is rolled back if it errs."""

    ratio: float = Field(0.1, gt=0, lt=1, description="Share of predictions that it answers.")
    hold: Duration = Field(
        "1h", validate_default=True, description="How long it answers that share, at least."
    )
    min_predictions: int = Field(
        200, ge=1, description="Predictions that it answers before it is judged."
    )
    max_failure_ratio: float = Field(
        0.01, ge=0, lt=1, description="Share of its predictions that may fail."
    )
    max_slowdown: float = Field(
        3.0, gt=1, description="Its mean time to score over the champion's, at most."
    )


class Serving(Section):
    """How predictions are answered."""

    port: int = Field(8080, ge=1, le=65535, description="Where mdlc serve listens.")
    max_rows: int = Field(10_000, ge=1, description="Rows in one request.")
    max_bytes: int = Field(16_000_000, ge=1000, description="Bytes in one request.")


class Deploy(Section):
    """Promotion and serving."""

    promote: Promotion = Field(Promotion(), description="When a challenger replaces the champion.")
    canary: Canary | None = Field(
        None, description="Promote by way of a canary; without it, a promotion is at once."
    )
    serving: Serving = Field(Serving(), description="How predictions are answered.")
