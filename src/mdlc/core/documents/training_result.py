"""What selection and training write: selection.json, training.json."""

from __future__ import annotations

from mdlc.core.files import Document
from mdlc.core.spec.model import Task


class Contestant(Document):
    """A kind of model that takes part, or why it does not."""

    kind: str
    deep: bool
    refused: str = ""
    why: str = ""


class Selection(Document):
    """Which kind of answer the problem needs."""

    task: Task
    task_reason: str
    ml_needed: bool | None
    """None: open until the rule and the models have been compared in money."""
    ml_reason: str
    contestants: list[Contestant]
    ready_made: Contestant | None


class Trial(Document):
    """One set of hyperparameters tried."""

    number: int
    params: dict[str, float | int | str | bool]
    value: float | None
    """Validation metric; None if the trial failed or was cut."""
    seconds: float
    state: str


class CandidateResult(Document):
    """One candidate after tuning."""

    kind: str
    params: dict[str, float | int | str | bool]
    metric: str
    value: float | None
    """Validation metric of the best trial; smaller is better (money is negated)."""
    seconds: float
    parity: float | None
    format: str
    folder: str
    """The bundle's folder, relative to training.json; "" when refused."""
    digest: str
    crossed: float | None = None
    """What a decision earned on rows left out by cross-validation; None: not cross-validated."""
    refused: str = ""
    """Why it cannot be served."""
    description: str = ""
    trials: list[Trial]
    curve: dict[str, list[float]] = {}
    """Deep models: loss and val_loss by epoch."""
    importance: dict[str, float] = {}
    """Feature -> share of importance, where the model has it."""


class Training(Document):
    """All candidates, best first by validation metric."""

    candidates: list[CandidateResult]
    rows: dict[str, int]
    seconds: float
    effective_rows: float | None = None
    """With spec.retrain.half_life: as many equal rows say as much (Kish)."""
