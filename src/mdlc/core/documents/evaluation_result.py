"""What evaluation and deployment write: evaluation.json, deployment.json."""

from __future__ import annotations

from datetime import datetime

from mdlc.core.files import Document
from mdlc.state.release_documents import Inside, Version


class Interval(Document):
    """An estimate with its bootstrap interval of 95 %."""

    value: float
    low: float
    high: float


class Calibration(Document):
    """Reliability of the probabilities: predicted against observed share in ten bins."""

    label: str
    """The class it is about."""
    predicted: list[float]
    observed: list[float]
    counts: list[int]
    expected_calibration_error: float


class Slice(Document):
    """One group of the test set."""

    column: str
    value: str
    rows: int
    metrics: dict[str, float]
    money_per_decision: float


class Contender(Document):
    """Something that decides, on the test set: a candidate, the champion, doing nothing."""

    name: str
    """The candidate's kind, champion, or nothing."""
    folder: str
    """Its bundle, relative to training.json; "" for champion and nothing."""
    metrics: dict[str, Interval]
    """accuracy, log_loss, brier, auc (binary), f1_macro; mae, rmse, r2 for regression."""
    money_per_decision: Interval
    confusion: list[list[int]] = []
    """True class (row) by predicted class."""
    actions: dict[str, int] = {}
    """Action -> times taken."""
    calibration: list[Calibration] = []
    slices: list[Slice] = []
    residual_quantiles: list[float] = []
    """Regression: quantiles 0.05, 0.25, 0.5, 0.75, 0.95 of prediction - truth."""


class Comparison(Document):
    """The winner against one other, decision by decision."""

    against: str
    gain: Interval
    """Money per decision more than it; 95 %."""
    probability: float
    """Share of resamples with a gain above spec.deploy.promote.min_gain."""
    enough: bool


class Anchor(Document):
    """The winner on those test rows that the sources label themselves: feedback has no say."""

    rows: int
    against: str
    gain: Interval
    agrees: bool
    """Whether feedback and sources name the same winner."""


class Evaluation(Document):
    """Who decides best on the newest labelled rows, in money."""

    rows: int
    begins: datetime | None
    ends: datetime | None
    classes: list[str]
    contenders: list[Contender]
    winner: str
    """The candidate with the best money on the validation rows; the test set only judges it."""
    winner_folder: str
    winner_digest: str
    champion_digest: str = ""
    comparisons: list[Comparison]
    anchor: Anchor | None = None
    """In a retraining, where the sources label enough test rows."""
    promote: bool
    reasons: list[str]
    """In words, why or why not."""


class Deployment(Document):
    """What became of the winner."""

    name: str
    version: Version
    """Registry version."""
    digest: str
    promoted: bool
    replaced: str
    """Version of the champion before; "" if there was none."""
    reasons: list[str]
    bundle: Inside
    """Folder of the bundle, relative to deployment.json."""
    registry: str
    """Tracking URI without credentials."""
    created: datetime
