"""spec.model and spec.explore: candidates, tuning, splits, and how data are cleaned."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from mdlc.core import plugins
from mdlc.core.errors import SpecError, closest
from mdlc.core.spec.base import Duration, RuleError, SpecSection, first_problem, problem_text
from mdlc.core.spec.data import Column

Task = Literal["binary", "multiclass", "regression"]


class Explore(SpecSection):
    """What exploration looks for and which cleaning it may decide."""

    outlier_whiskers: float = Field(
        3.0, gt=0, description="Tukey's fences, in interquartile ranges."
    )
    clip_outliers: bool = Field(True, description="Clip features to the fences' quantiles.")
    clip_quantile: float = Field(
        0.001, ge=0, lt=0.5, description="Tail left outside when clipping."
    )
    max_null_ratio: float = Field(0.5, ge=0, le=1, description="A feature with more is dropped.")
    collinear_above: float = Field(0.95, gt=0, le=1, description="|r| from which one of two goes.")
    leak_above: float = Field(
        0.99, gt=0.5, le=1, description="AUC or |r| alone that smells of a leak."
    )
    allow: list[Column] = Field(
        default=[],
        description="Features that nearly tell the target and are no leaks: they are known when "
        "the decision is asked for.",
    )
    max_categories: int = Field(1000, ge=2, description="A category with more levels is dropped.")
    sample_rows: int = Field(100_000, ge=100, description="Rows for correlations and normality.")


class RuleCondition(SpecSection):
    """One comparison of a rule."""

    column: Column = Field(description="The feature compared.")
    at_least: float | None = Field(None, description="Holds where the value is this or more.")
    below: float | None = Field(None, description="Holds where the value is less.")
    one_of: list[str] | None = Field(None, description="Holds where the value is one of these.")

    @model_validator(mode="after")
    def _one_test(self) -> RuleCondition:
        given = [x is not None for x in (self.at_least, self.below, self.one_of)]
        if sum(given) != 1:
            raise ValueError("a condition has exactly one of at_least, below and one_of")
        return self


class Rule(SpecSection):
    """The rule a person would use: all conditions hold. Empty: learned, two questions at most."""

    when: list[RuleCondition] = Field(default=[], description="Conditions; all have to hold.")


class CandidateChoice(SpecSection):
    """A kind of model to try, and fixed values for some of its hyperparameters.

    The kinds are those of mdlc and of the plug-ins that are installed; each has hyperparameters of
    its own, and its own model checks them.
    """

    kind: str = Field(
        description="Such as logistic, lightgbm or keras_mlp; see the training stage."
    )
    params: dict[str, float | int | str | bool] = Field(
        default={}, description="Hyperparameters that are fixed instead of tuned."
    )

    @model_validator(mode="after")
    def _known_params(self) -> CandidateChoice:
        try:
            model = params_model(self.kind)
        except SpecError as error:
            raise RuleError(f"{error.message}; {error.hint}", "kind") from error
        try:
            model.model_validate(self.params)
        except ValidationError as error:
            message, at = params_problem(error, kind=self.kind, model=model)
            raise RuleError(message, "params", *at) from error
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say of each installed kind which hyperparameters it has; its name alone is enough."""
        made = handler(core_schema)
        section = handler.resolve_ref_schema(made)
        kinds = plugins.names(plugins.CANDIDATES)
        section["properties"]["kind"]["enum"] = kinds
        section["allOf"] = [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {
                    "properties": {"params": handler(params_model(kind).__pydantic_core_schema__)}
                },
            }
            for kind in kinds
        ]
        words = section["description"].partition("\n")[0]
        return {"anyOf": [{"type": "string", "enum": kinds}, made], "description": words}


def params_model(kind: str) -> type[SpecSection]:
    """Return the pydantic model of a kind's hyperparameters.

    Raises:
        SpecError: no installed package has such a kind, it cannot be imported, or does not declare
            itself.
    """
    from mdlc.core.model_kind import kind_of

    kind_of(kind)
    model: type[SpecSection] = plugins.load(plugins.CANDIDATES, kind).params_model()
    return model


def params_problem(
    error: ValidationError, *, kind: str, model: type[SpecSection]
) -> tuple[str, tuple[str | int, ...]]:
    """Return what is wrong with hyperparameters, and the steps from `params` to it."""
    first = first_problem(error)
    at = tuple(first["loc"])
    if first["type"] == "extra_forbidden":
        name = str(at[-1])
        return f"{kind} has no hyperparameter {name}; {closest(name, model.known_keys())}", at
    return problem_text(first), at


def _candidate(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


CandidateSpec = Annotated[CandidateChoice, BeforeValidator(_candidate)]


def _each_once(candidates: list[CandidateChoice]) -> list[CandidateChoice]:
    seen: set[str] = set()
    for number, candidate in enumerate(candidates):
        if candidate.kind in seen:
            raise RuleError(f"{candidate.kind} stands twice; keep one of them", number)
        seen.add(candidate.kind)
    return candidates


Candidates = Annotated[list[CandidateSpec], AfterValidator(_each_once)]
"""Each kind once: it has one folder of training's output."""


class Tuning(SpecSection):
    """How long hyperparameters are searched for, for each candidate."""

    trials: int = Field(10, ge=1, le=10_000, description="Sets of hyperparameters tried.")
    seconds: float = Field(60, gt=0, description="Wall-clock bound for each candidate.")
    metric: Literal["log_loss", "money", "mae", "rmse"] | None = Field(
        None, description="What a trial is judged by; default log_loss, for regression money."
    )


class Split(SpecSection):
    """Which rows train, tune and test.

    With a time column, windows at the end of what is known at `until`: the newest `test`, before it
    `validation`, and all before (or `window` long) trains. A row counts only from its label_time.
    Without one, shares of the rows, by a hash of the key. Rows that stand in the order of a date
    are taken as a time series, and copies of a row stay together, unless `at_random`.
    """

    until: datetime | None = Field(
        None, description="Rows from here on are the future; None: the end."
    )
    window: Duration | None = Field(None, description="Length of the training window; None: all.")
    validation: Duration | None = Field(
        None, description="Length of the validation window; None: validation_ratio of the time."
    )
    test: Duration | None = Field(
        None, description="Length of the test window; None: test_ratio of the time."
    )
    validation_ratio: float = Field(
        0.15,
        gt=0,
        lt=0.5,
        description="Share of the time, without one of the rows, that validates.",
    )
    test_ratio: float = Field(
        0.2, gt=0, lt=0.5, description="Share of the time, without one of the rows, that tests."
    )
    newest_rows: int | None = Field(
        None,
        ge=1,
        description="With a time column: rows for which a window without a length is long enough, "
        "a week at least, its ratio of the time at most; None: its ratio.",
    )
    fresh_from: datetime | None = Field(
        None,
        description="With newest_rows: a test window without a length begins no earlier. A "
        "retraining sets it to where the champion's own test began, since it learnt from the rows "
        "before.",
    )
    at_random: bool = Field(
        False,
        description="Each row is a case of its own, although rows stand in the order of a date or "
        "are copies of each other.",
    )


class Model(SpecSection):
    """Which models are tried, and how they are judged."""

    task: Task | None = Field(None, description="None: inferred from the target.")
    candidates: Candidates = Field(default=[], description="[] is what suits the task.")
    rule: Rule = Field(Rule(), description="The rule that always takes part.")
    tuning: Tuning = Field(Tuning(), description="How long hyperparameters are searched for.")
    split: Split = Field(Split(), description="Which rows train, tune and test.")
    slices: list[Column] = Field(default=[], description="Columns whose groups are judged apart.")
    min_slice_rows: int = Field(100, ge=1, description="A smaller group is not judged.")
    bootstrap: int = Field(1000, ge=100, le=100_000, description="Resamples for an interval.")
    seed: int = Field(0, description="Of everything random: the same seed, the same models.")
