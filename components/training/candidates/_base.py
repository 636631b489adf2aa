"""What a kind of model is: a space of hyperparameters, and a way to fit one point of it.

A candidate is made once for each run: it encodes the rows once, and `fit` is called for each trial.
A new kind is one file, one line in registry.py and one in tests/contract/test_candidates.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mdlc.components.training.problem import Floats, Problem
from mdlc.core.bundle import Format
from mdlc.core.errors import SpecError, closest
from mdlc.core.spec.model import Task

Value = float | int | str | bool
Params = dict[str, Value]
CLASSIFICATION: frozenset[Task] = frozenset({"binary", "multiclass"})
REGRESSION: frozenset[Task] = frozenset({"regression"})


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter: its default and, where it is tuned, the range of the search."""

    default: float | int
    low: float | int | None = None
    """None: it is not tuned, but the file may fix it."""
    high: float | int | None = None
    log: bool = False
    least: float | int = 0
    """A value in the file below it is refused."""

    @property
    def tuned(self) -> bool:
        """Whether the search varies it."""
        return self.low is not None

    def suggest(self, trial: Any, name: str) -> Value:
        """Draw a value from an Optuna trial."""
        draw = trial.suggest_int if isinstance(self.default, int) else trial.suggest_float
        value: Value = draw(name, self.low, self.high, log=self.log)
        return value

    def inside(self, value: Value) -> Value:
        """Return `value`, of an older model perhaps, moved into the range of the search."""
        if isinstance(value, str) or self.low is None or self.high is None:
            return value
        return type(self.default)(min(max(value, self.low), self.high))

    def read(self, value: Value, *, name: str, where: str) -> Value:
        """Check a value of the file.

        Raises:
            SpecError: it is no number of the right kind, or too small.
        """
        whole = isinstance(self.default, int)
        number = isinstance(value, int) or (isinstance(value, float) and not whole)
        if isinstance(value, bool | str) or not number:
            kind = "a whole number" if whole else "a number"
            raise SpecError(f"{name} is {kind}, got {value!r}", where=f"{where}.{name}")
        if value < self.least:
            raise SpecError(f"{name} is {self.least} or more, got {value}", where=f"{where}.{name}")
        return value if whole else float(value)


@dataclass(frozen=True)
class Fitted:
    """A trained model."""

    validated: Floats
    """Its scores of the validation rows: (rows, classes) probabilities, or (rows,) numbers."""
    export: Callable[[Path], Format]
    """Writes model.onnx or saved_model/ into a folder."""
    description: str = ""
    curve: dict[str, list[float]] = field(default_factory=dict)
    importance: dict[str, float] = field(default_factory=dict)
    """Feature -> share; they add up to 1."""


class Candidate(ABC):
    """A kind of model, with the rows that it learns from."""

    kind: ClassVar[str]
    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION | REGRESSION
    space: ClassVar[dict[str, Dimension]] = {}
    trials_divisor: ClassVar[int] = 1
    """A slow kind takes this share of spec.model.tuning.trials, at least one."""
    export_in_doubt: ClassVar[bool] = False
    """Try the export after the first trial, and do not tune what cannot be served."""
    takes_weights: ClassVar[bool] = False
    """Whether `fit` heeds the training rows' weights; one that does not is refused where there are
    some, instead of learning something else than was asked for."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @abstractmethod
    def fit(self, params: Params) -> Fitted:
        """Train with `params`, which has every name of `space`. The seed makes it repeatable."""

    @classmethod
    def read_params(cls, params: Params, *, where: str) -> Params:
        """Check the hyperparameters that the file fixes.

        Raises:
            SpecError: a name is unknown, or a value is of the wrong type or too small.
        """
        for name in params:
            if name not in cls.space:
                raise SpecError(
                    f"{cls.kind} has no hyperparameter {name}",
                    where=where,
                    hint=closest(name, cls.space),
                )
        return {n: cls.space[n].read(v, name=n, where=where) for n, v in params.items()}


def shares(owners: list[str], weights: Floats) -> dict[str, float]:
    """Add weights (columns,) up by the feature that owns each, as shares of 1, largest first."""
    total = float(weights.sum())
    if not total > 0:
        return {}
    sums = dict.fromkeys(owners, 0.0)
    for owner, weight in zip(owners, weights.tolist(), strict=True):
        sums[owner] += weight / total
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
