"""spec.retrain: what starts a retraining, what holds it back, and what it learns from."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from mdlc.core.spec.base import Duration, RuleError, SpecSection
from mdlc.core.spec.data import Column
from mdlc.core.spec.model import Candidates, Split

Reason = Literal[
    "calibration", "skill", "accuracy", "money", "drift", "schedule", "labels", "changed"
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Quiet(SpecSection):
    """Hours in which no retraining starts; past midnight where `end` is not after `start`."""

    start: time = Field(description="Such as 08:00.")
    end: time = Field(description="Such as 18:00.")
    days: list[Weekday] = Field(
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        description="Days on which they start.",
    )
    zone: str = Field("UTC", description="Time zone, such as Europe/Berlin.")

    @field_validator("start", "end")
    @classmethod
    def _on_the_wall(cls, at: time) -> time:
        if at.tzinfo is not None:
            raise ValueError(f"{at.isoformat()} has an offset of its own; zone says which clock")
        return at

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is not a time zone such as Europe/Berlin")
        ZoneInfo(zone)
        return zone


class Freeze(SpecSection):
    """A span in which no retraining starts, such as the days before a holiday."""

    start: datetime = Field(description="From here on.")
    end: datetime = Field(description="Until here.")
    why: str = Field("", description="Shown with each decision.")

    @model_validator(mode="after")
    def _forward(self) -> Freeze:
        if (self.start.tzinfo is None) != (self.end.tzinfo is None) or self.end <= self.start:
            raise RuleError("end is not after start", "end")
        return self


class Guard(SpecSection):
    """Tests of labels that came by feedback, before a retraining learns from them.

    A bound is breached where the value is above it by `z` standard errors. None switches a test
    off. They find what is gross, not every wrong label: see docs/decisions/0011.
    """

    on_breach: Literal["fail", "drop"] = Field(
        "fail", description="The run fails, or the rows in question are put aside and it goes on."
    )
    by: list[Column] = Field(
        default=[],
        description="Texts whose groups are tested apart, such as who sends; [] is model.slices.",
    )
    min_rows: int = Field(100, ge=10, description="A smaller group is not tested.")
    z: float = Field(5.0, gt=0, description="Standard errors beyond a bound that breach it.")
    max_unknown: float | None = Field(
        0.05, ge=0, le=1, description="Share of rows with a key that the sources ought to have."
    )
    max_differing: float | None = Field(
        0.1, ge=0, le=1, description="Share of rows with other features than the sources' row."
    )
    max_contradicted: float | None = Field(
        0.05, ge=0, le=1, description="Share of a class whose labels the sources contradict."
    )
    max_flipped: float | None = Field(
        0.2, ge=0, lt=1, description="Share of a class flipped, by what confident predictions say."
    )
    confident: float = Field(
        0.95, gt=0.5, lt=1, description="Probability from which a prediction is confident."
    )
    max_share: float | None = Field(
        0.6, gt=0, le=1, description="A class's share of labels from that predicted, on a day."
    )
    max_gap: float | None = Field(
        0.25, gt=0, le=1, description="The same of a group, compared with the other groups."
    )
    max_shift: float | None = Field(
        3.0, gt=0, description="Regression, both: mean error in standard deviations of the target."
    )
    anchor_rows: int | None = Field(
        100,
        ge=10,
        description="Test rows labelled by the sources from which on they have a say as well.",
    )


class Retrain(SpecSection):
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
        None, description="A training row older by this counts half; None: all rows count the same."
    )
    guard: Guard | None = Field(
        Guard(), description="Tests of what is learnt from feedback; None: none."
    )
    validation: Duration | None = Field(
        None, description="Length of its validation window; None: as test."
    )
    test: Duration | None = Field(
        None,
        description="Length of its test window, the newest; None: a week, or as long as it takes "
        "to have newest_rows, model.split.test_ratio of the time at most.",
    )
    newest_rows: int = Field(
        500, ge=1, description="Rows for which windows without a length are made longer."
    )
    min_new_labels: int = Field(1000, ge=1, description="Labels since the last one, at least.")
    trials: int = Field(3, ge=1, description="Tuning is warm-started from the champion.")
    candidates: Candidates = Field(
        default=[],
        description="[] is the champion's kind, or all of model.candidates where that is the rule; "
        "the rule always takes part.",
    )

    def reach(self, split: Split) -> timedelta | None:
        """Return how far back a retraining looks at most; None: to the first row."""
        if self.window is None:
            return None
        validation = self.validation or self.window * split.validation_ratio
        test = self.test or self.window * split.test_ratio
        return self.window + validation + test

    @field_validator("half_life")
    @classmethod
    def _some_time(cls, half_life: timedelta | None) -> timedelta | None:
        if half_life == timedelta():
            raise ValueError("a half-life of 0 would leave no row any weight")
        return half_life
