"""spec.retrain: what starts a retraining, what holds it back, and what it learns from."""

from __future__ import annotations

from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from mdlc.core.spec.base import Duration, RuleError, Section
from mdlc.core.spec.model import CandidateSpec

Reason = Literal[
    "calibration", "skill", "accuracy", "money", "drift", "schedule", "labels", "changed"
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Quiet(Section):
    """Hours in which no retraining starts; past midnight where `end` is not after `start`."""

    start: time = Field(description="Such as 08:00.")
    end: time = Field(description="Such as 18:00.")
    days: list[Weekday] = Field(
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        description="Days on which they start.",
    )
    zone: str = Field("UTC", description="Time zone, such as Europe/Berlin.")

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is not a time zone such as Europe/Berlin")
        ZoneInfo(zone)
        return zone


class Freeze(Section):
    """A span in which no retraining starts, such as the days before a holiday."""

    start: datetime = Field(description="From here on.")
    end: datetime = Field(description="Until here.")
    why: str = Field("", description="Shown with each decision.")

    @model_validator(mode="after")
    def _forward(self) -> Freeze:
        if (self.start.tzinfo is None) != (self.end.tzinfo is None) or self.end <= self.start:
            raise RuleError("end is not after start", "end")
        return self


class Retrain(Section):
    """What starts a retraining, and what holds it back."""

    when: list[Reason] = Field(
        default=["calibration", "skill", "money"], description="Reasons that may start one."
    )
    every: Duration | None = Field(None, description="With when: schedule.")
    labels: int | None = Field(
        None, ge=1, description="With when: labels. New labels that are a reason by themselves."
    )
    cooldown: Duration = Field(
        "14d", validate_default=True, description="From the end of one to the start of the next."
    )
    quiet: list[Quiet] = Field(default=[], description="Hours in which none starts.")
    freeze: list[Freeze] = Field(default=[], description="Spans in which none starts.")
    max_per_month: int = Field(2, ge=0, description="In a calendar month, UTC; failed ones count.")
    cost_per_run: float = Field(0, ge=0, description="Money for one retraining.")
    money_per_month: float | None = Field(
        None, ge=0, description="Money for all of a month's retrainings; None: no bound."
    )
    attempts: int = Field(
        3, ge=1, le=10, description="Tries of one run whose cause of failure may pass."
    )
    window: Duration | None = Field(None, description="Length of the training window; None: all.")
    half_life: Duration | None = Field(
        None, description="A training row this old counts half; None: all rows count the same."
    )
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
