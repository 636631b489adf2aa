"""What evaluation and deployment write: evaluation.json, deployment.json."""

from __future__ import annotations

from datetime import datetime

from mdlc.core.files import Document
from mdlc.core.release_names import Inside, Version


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
    """How sure it is that the gain is above spec.deploy.promote.min_gain: 1 - p."""
    needed: float = 0.9
    """How sure it has to be: spec.deploy.promote.confidence, less what other tests may spend."""
    differing: int = 0
    """Test rows, or units of them, about which the two differ."""
    missing: str = ""
    """Why there is not enough data to judge; "" if there is."""
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
    """The candidate with the best money on rows that it was not trained on, or the rule, where that
    candidate was not enough and the rule is; the test set only judges it."""
    winner_folder: str
    winner_digest: str
    champion_digest: str = ""
    comparisons: list[Comparison]
    priced: bool = True
    """Whether the file has a payoff. If not, `money_per_decision` and gains are a score: the mean
    of log(probability of the true class), for regression less the squared error."""
    units: int = 0
    """Units of the test that do not depend on each other."""
    unit: str = "rows"
    """What such a unit is: days or rows."""
    test_digest: str = ""
    """Which test rows these are."""
    uses: int = 1
    """How often these test rows have judged, this time included."""
    anchor: Anchor | None = None
    """In a retraining, where the sources label enough test rows."""
    promote: bool
    withdraw: str = ""
    """The action to take instead of the champion's, which earns less than it for sure; ""."""
    earning: bool = False
    """Whether the champion earns more than doing nothing for sure."""
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
