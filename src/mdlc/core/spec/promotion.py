"""spec.deploy.promote: what a challenger has to earn; evaluation reads it, but none of serving."""

from __future__ import annotations

from pydantic import Field

from mdlc.core.spec.base import SpecSection


class Promotion(SpecSection):
    """When a challenger replaces the champion."""

    min_gain: float = Field(0, description="Money per decision that it must earn more, on average.")
    confidence: float = Field(
        0.9, gt=0.5, lt=1, description="Share of bootstrap resamples in which it earns more."
    )
    parity: float = Field(
        1e-4, gt=0, description="Largest difference of exported and trained model."
    )
