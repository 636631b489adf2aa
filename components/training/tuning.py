"""The search for hyperparameters: Optuna's tree-structured Parzen estimator, seeded.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011. The first trial has the
default hyperparameters, or those of the last model of this kind.
"""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdlc.components.training.candidates._base import Candidate, Fitted, Params
from mdlc.components.training.crossing import Crossing
from mdlc.components.training.judging import Judge
from mdlc.core.documents.training_result import Trial
from mdlc.core.errors import MdlcError
from mdlc.core.spec.model import Tuning

RANDOM_TRIALS = 4
"""Random trials before the estimator is used; Optuna's default 10 exceeds most searches here."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchResult:
    """The best trial of a candidate, and all trials."""

    fitted: Fitted
    params: Params
    value: float
    trials: list[Trial]
    crossed: float | None = None
    """What a decision earned on rows left out by cross-validation; None: one split was enough."""


class SearchError(Exception):
    """No trial led to a model; the cause is the last trial's error."""

    def __init__(self, trials: list[Trial], reason: str) -> None:
        super().__init__(reason)
        self.trials = trials


def search(  # noqa: PLR0913 - a candidate, its judges, and where the search starts
    candidate: Candidate,
    judge: Judge,
    *,
    tuning: Tuning,
    fixed: Params,
    warm: Params,
    crossing: Crossing | None = None,
) -> SearchResult:
    """Fit trials until their number or time is used up; keep the best one's model.

    `fixed` are never tuned. `warm` are where the search starts, instead of the defaults. A trial
    that raises is recorded as failed, and the search goes on. With `crossing` trials are judged by
    cross-validation, and the model is that of the training rows all the same.

    Raises:
        SearchError: all trials failed.
    """
    started = time.monotonic()
    tuned = {n: d for n, d in candidate.space.items() if d.tuned and n not in fixed}
    start = candidate.defaults()
    known = {name: value for name, value in warm.items() if name in candidate.space}
    start |= {name: candidate.space[name].inside(value) for name, value in known.items()}
    study = _study(candidate.problem.seed, first={name: start[name] for name in tuned})
    wanted = max(1, tuning.trials // candidate.trials_divisor) if tuned else 1
    best: SearchResult | None = None
    trials: list[Trial] = []
    reason = ""
    while len(trials) < wanted and (not trials or time.monotonic() - started < tuning.seconds):
        trial = study.ask()
        params = start | {n: d.suggest(trial, n) for n, d in tuned.items()} | fixed
        began = time.monotonic()
        fitted, value, crossed, problem = _try(candidate, judge, params=params, crossing=crossing)
        reason = problem or reason
        _tell(study, trial, value)
        trials.append(
            Trial(
                number=len(trials),
                params=params,
                value=value,
                seconds=time.monotonic() - began,
                state="failed" if value is None else "complete",
            )
        )
        if fitted is not None and value is not None and (best is None or value < best.value):
            best = SearchResult(fitted, params, value, trials, crossed)
        if candidate.export_in_doubt and fitted is not None and not _exports(fitted):
            break
    if best is None:
        raise SearchError(trials, reason)
    return best


def _study(seed: int, *, first: Params) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=RANDOM_TRIALS)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial(first)
    return study


def _try(
    candidate: Candidate, judge: Judge, *, params: Params, crossing: Crossing | None
) -> tuple[Fitted | None, float | None, float | None, str]:
    """Return model, value, what it earned in cross-validation, and "" or why it failed."""
    crossed = None
    try:
        fitted = candidate.fit(params)
        value = judge.value(fitted.validated)
        if crossing is not None:
            left_out = crossing.scores(params)
            value = crossing.judge.value(left_out)
            crossed = crossing.judge.worth(left_out)
    except MdlcError:
        raise
    except Exception as error:
        # Libraries raise errors of any type; one failed trial must not end the search.
        log.warning("%s with %s failed", candidate.kind, params, exc_info=True)
        return None, None, None, reason_of(error)
    if value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return None, None, None, "its scores are not numbers"
    return fitted, value, crossed, ""


def _exports(fitted: Fitted) -> bool:
    """Return whether the model can be exported; the reason is reported if it is the best one."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            fitted.export(Path(folder))
        except Exception:
            return False
    return True


def _tell(study: Any, trial: Any, value: float | None) -> None:
    from optuna.trial import TrialState

    if value is None:
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, value)


def reason_of(error: Exception) -> str:
    """Return an error as one line."""
    if isinstance(error, MdlcError):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
