"""spec.monitor: what is watched, over which windows, against which bounds, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator

from mdlc.core.spec.base import Duration, RuleError, SpecSection
from mdlc.core.spec.data import Column

LATENCY_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
"""Bounds by which times of requests are counted."""


class Drift(SpecSection):
    """Population stability index of each feature and of the predictions."""

    warn: float = Field(0.1, gt=0, description="Index above which an alert stands.")
    retrain: float = Field(0.25, gt=0, description="Index above which the alert gives a reason.")
    bins: int = Field(10, ge=2, le=50, description="Bins of a number, at its training quantiles.")
    min_predictions: int = Field(1000, ge=1, description="Fewer in a window: not enough data.")
    ignore: list[Column] = Field(default=[], description="Features that never alert.")


class Quality(SpecSection):
    """Bounds on what late labels tell."""

    min_labels: int = Field(
        1000,
        ge=1,
        description="Fewer in the window: the long window is judged; fewer there: not enough data.",
    )
    calibration: float = Field(
        0.15, gt=0, description="|observed / predicted - 1| of a class's share that is too much."
    )
    min_skill: float = Field(
        0.0, le=1, description="1 - log-loss / log-loss of always saying the window's shares."
    )
    min_accuracy: float | None = Field(
        None, ge=0, le=1, description="Share of labels that the likeliest class meets, at least."
    )
    money_ratio: float = Field(
        0.5, description="Window's money per decision over that of the promotion's test, at least."
    )


class Objectives(SpecSection):
    """What whoever calls the predictor is promised, over 30 days."""

    availability: float = Field(
        0.999, gt=0, lt=1, description="Share of requests that the server does not fail."
    )
    latency: float = Field(
        0.99, gt=0, lt=1, description="Share of requests answered within latency_seconds."
    )
    latency_seconds: float = Field(
        0.25, description="A bound by which times of requests are counted."
    )

    @field_validator("latency_seconds")
    @classmethod
    def _is_counted(cls, seconds: float) -> float:
        if seconds not in LATENCY_SECONDS:
            raise ValueError(
                f"{seconds:g} is none of {', '.join(f'{s:g}' for s in LATENCY_SECONDS)}"
            )
        return seconds


class Email(SpecSection):
    """Alerts by e-mail."""

    to: list[str] = Field(min_length=1, description="Addresses.")
    sender: str = Field(description="The address that it comes from.")
    smarthost: str = Field(description="SMTP server, host:port.")
    username: str | None = Field(None, description="For the SMTP server.")
    password_file: str | None = Field(
        None, description="File with the password, as Alertmanager sees it."
    )
    require_tls: bool = Field(True, description="Refuse a server without TLS.")


class Slack(SpecSection):
    """Alerts in a Slack channel."""

    channel: str = Field(description="Such as #models.")
    url_file: str = Field(description="File with the webhook's URL, as Alertmanager sees it.")


class Webhook(SpecSection):
    """Alerts as JSON to an address, in Alertmanager's format."""

    url: str = Field(pattern=r"^https?://[^@\s]+$", description="Where to post; no password in it.")
    token_file: str | None = Field(
        None, description="File with a bearer token, as Alertmanager sees it."
    )


class Notify(SpecSection):
    """Who is told, by Alertmanager."""

    severity: Literal["info", "warning", "critical"] = Field(
        "warning", description="Alerts of this severity or a higher one are sent."
    )
    email: list[Email] = Field(default=[], description="By e-mail.")
    slack: list[Slack] = Field(default=[], description="To Slack.")
    webhook: list[Webhook] = Field(default=[], description="To anything that takes a webhook.")


class Monitor(SpecSection):
    """What is watched, and over which windows."""

    window: Duration = Field(
        "7d", validate_default=True, description="The span that every signal and alert is about."
    )
    long_window: Duration = Field(
        "28d",
        validate_default=True,
        description="The span of the slow trends beside it, and of what labels tell where the "
        "window has too few.",
    )
    scrape: Duration = Field(
        "15s", validate_default=True, description="How often Prometheus reads the predictor."
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
    data_within: Duration | None = Field(
        None, description="Rows to predict are late after; None: they may stay away."
    )
    min_label_ratio: float = Field(
        0.5, ge=0, le=1, description="Share of predictions labelled by then."
    )
    drift: Drift = Field(Drift(), description="Bounds on the population stability index.")
    quality: Quality = Field(Quality(), description="Bounds on what late labels tell.")
    objectives: Objectives = Field(Objectives(), description="Bounds on failures and slow answers.")
    notify: Notify = Field(Notify(), description="Who is told.")

    @property
    def reach(self) -> timedelta:
        """How far back the signals look: two windows, or the long one, and what came before it."""
        longest = max(2 * self.window, self.long_window)
        return longest + max(self.labels_within, self.warm_up)

    @model_validator(mode="after")
    def _windows_agree(self) -> Monitor:
        if self.long_window < self.window:
            raise RuleError("monitor.long_window is shorter than monitor.window", "long_window")
        return self
