"""What a kind of model is: a declaration, a space of hyperparameters, and a way to fit one point.

A candidate is made once for each run: it encodes the rows once, and `fit` is called for each trial.
A new kind is one file with a class, and one line in `pyproject.toml` that names it as an entry
point of the group `mdlc.candidates`. This is the same in mdlc and in other packages.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import Field, ValidationError, create_model

from mdlc.components.training.problem import Floats, Problem
from mdlc.core.bundle import Format
from mdlc.core.errors import SpecError
from mdlc.core.model_kind import ModelKind
from mdlc.core.spec.base import SpecSection
from mdlc.core.spec.model import params_problem

Value = float | int | str | bool
Params = dict[str, Value]


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter: its default and, where it is tuned, the range of the search."""

    default: float | int
    low: float | int | None = None
    """None: it is not tuned, but the file may fix it."""
    high: float | int | None = None
    log: bool = False
    least: float | int = 0
    """A smaller value in the file is refused."""

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
        """Return `value`, such as an older model's, moved into the range of the search."""
        if isinstance(value, str) or self.low is None or self.high is None:
            return value
        return type(self.default)(min(max(value, self.low), self.high))

    def field(self) -> tuple[Any, Any]:
        """Return the pydantic type and field that check a value of the file.

        A whole number is accepted as a number, a text that looks like one is not.
        """
        if self.low is None:
            words = "Not tuned."
        else:
            scale = ", on a logarithmic scale" if self.log else ""
            words = f"Tuned from {self.low:g} to {self.high:g}{scale}."
        return type(self.default), Field(
            self.default, ge=self.least, strict=True, description=words
        )


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

    about: ClassVar[ModelKind]
    """What selection and the report know about it; its name is that of the entry point."""
    kind: ClassVar[str]
    """The name of the kind, from `about`."""
    space: ClassVar[dict[str, Dimension]] = {}
    settings: ClassVar[type[SpecSection]] = SpecSection
    """Hyperparameters that are not numbers, as a pydantic model: `fit` gets the file's values or
    the defaults, and the search never varies them."""
    trials_divisor: ClassVar[int] = 1
    """A slow kind takes this share of spec.model.tuning.trials, at least one."""
    export_in_doubt: ClassVar[bool] = False
    """Try the export after the first trial, and do not tune what cannot be served."""
    takes_weights: ClassVar[bool] = False
    """Whether `fit` uses the training rows' weights. If not, the kind is refused for weighted rows,
    because it would ignore the weights."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "about" in vars(cls):
            cls.kind = cls.about.name

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @abstractmethod
    def fit(self, params: Params) -> Fitted:
        """Train with `params`, which has every name of `space` and of `settings`.

        The seed makes it repeatable.
        """

    @classmethod
    def params_model(cls) -> type[SpecSection]:
        """Return the pydantic model of what the file may write under `params`."""
        return _params_model(cls)

    @classmethod
    def defaults(cls) -> Params:
        """Return the default of each hyperparameter."""
        values: Params = cls.params_model()().model_dump(mode="json")
        return values

    @classmethod
    def read_params(cls, params: Params, *, where: str) -> Params:
        """Check the hyperparameters that the file fixes.

        Raises:
            SpecError: a name is unknown, or a value is of the wrong type or too small.
        """
        try:
            checked = cls.params_model().model_validate(params)
        except ValidationError as error:
            message, at = params_problem(error, kind=cls.kind, model=cls.params_model())
            raise SpecError(message, where=".".join([where, *map(str, at)])) from error
        fixed: Params = checked.model_dump(mode="json", exclude_unset=True)
        return fixed


@functools.cache
def _params_model(candidate: type[Candidate]) -> type[SpecSection]:
    fields: dict[str, Any] = {name: dim.field() for name, dim in candidate.space.items()}
    name = f"{candidate.__name__}Params"
    model = cast("type[SpecSection]", create_model(name, __base__=candidate.settings, **fields))
    model.__doc__ = f"{candidate.about.why} A search starts from the defaults."
    return model


def shares(owners: list[str], weights: Floats) -> dict[str, float]:
    """Add weights (columns,) up by the feature that owns each, as shares of 1, largest first."""
    total = float(weights.sum())
    if not total > 0:
        return {}
    sums = dict.fromkeys(owners, 0.0)
    for owner, weight in zip(owners, weights.tolist(), strict=True):
        sums[owner] += weight / total
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
