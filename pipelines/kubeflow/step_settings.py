"""What every step on a cluster is told beside its stage's own arguments."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from mdlc.core.files import Document
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality

POINTER = "serving.json"
LOG = "log"
"""Instead of a location: labelled predictions are exported from the payload log, in the step."""
STORE_VARIABLE = "MDLC_STORE_URL"
"""Names the payload log's database; given to a step by a secret."""


class StepSettings(Document):
    """One run's settings, as JSON an argument of each component."""

    name: str
    artifacts: str
    """Location of all that the lifecycle keeps; its name is the last part."""
    kind: Literal["training", "retraining"] = "training"
    cache: bool = True
    max_age_seconds: float | None = None
    since: datetime | None = None
    """Labelled predictions before this are not exported."""
    canary: float | None = None
    """Share of predictions that a promoted version answers at first; None: it serves at once."""


class StepRequest(Document):
    """One stage for a process of its own."""

    stage: str
    settings: StepSettings
    parameters: dict[str, str | float]
    inputs: dict[str, str]
    """Input artifact -> its folder."""
    output: tuple[str, str]
    """Name of the output artifact, and its folder."""
    part: str = ""
    """Of training: the one kind that this pod trains."""
    parts: list[str] = []
    """Of training: folders of the parts that other pods made, to be put together."""
    answer: str
    """File for the Answered."""


class StepResult(Document):
    """What became of it."""

    key: str
    """The question's key in the cache: the same here, fused or not."""
    digest: str
    """Digest of what the stage wrote."""
    cached: bool
    seconds: float


class GateTerms(Document):
    """What the step that waits for a canary's judgement is told, as JSON an argument of it."""

    canary: Canary
    drift: Drift
    quality: Quality
    timeout_seconds: float
    poll_seconds: float


class RunOutcome(Document):
    """How a run ended: runs/RUN.json in the artifact root."""

    name: str
    run: str
    kind: Literal["training", "retraining"]
    outcome: Literal["promoted", "canary", "refused", "failed"]
    version: str = ""
    digest: str = ""
    replaced: str = ""
    reasons: list[str]
    error: str = ""
    """Of a failed run: the error of the stage that failed, as MdlcError.to_json; "" if unknown."""
    promised: float | None = None
    ended: datetime
