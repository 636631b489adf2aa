"""The documents that steps on a cluster exchange: settings, requests, results, outcomes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from mdlc.core.files import Document
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality

POINTER = "serving.json"
LOG = "log"
"""In place of a location of feedback: the step exports it from the payload log."""
STORE_VARIABLE = "MDLC_STORE_URL"
"""Environment variable with the URL of the payload log's database; a secret sets it."""


class StepSettings(Document):
    """The settings of a run. Each component gets them as an argument, as JSON."""

    name: str
    artifacts: str
    """Location of the lifecycle's artifacts, cache and state; its last part is the name."""
    kind: Literal["training", "retraining"] = "training"
    cache: bool = True
    max_age_seconds: float | None = None
    since: datetime | None = None
    """Labelled predictions before this are not exported."""
    canary: float | None = None
    """Share of predictions that a new version answers on trial; None: it serves all at once."""


class StepRequest(Document):
    """The request to run one stage in a process of its own."""

    stage: str
    settings: StepSettings
    parameters: dict[str, str | float]
    inputs: dict[str, str]
    """Input artifact -> its folder."""
    output: tuple[str, str]
    """Name of the output artifact, and its folder."""
    part: str = ""
    """The kind that this pod trains, if training has a pod for each candidate; otherwise ""."""
    parts: list[str] = []
    """Folders of the parts of training that other pods wrote and this one assembles."""
    answer: str
    """The file to which the StepResult is written."""


class StepResult(Document):
    """The result of a StepRequest."""

    key: str
    """The question's key in the cache; the same in all plans, here and on a cluster."""
    digest: str
    """Digest of the artifact that the stage wrote."""
    cached: bool
    seconds: float


class GateTerms(Document):
    """The terms for the step that waits for a canary's judgement; it gets them as JSON."""

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
    """The error of the stage that failed, as MdlcError.to_json(); "" if none is known."""
    promised: float | None = None
    ended: datetime
