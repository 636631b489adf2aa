"""The training stage: tunes, exports, checks and seals each contestant; lists the best first.

A candidate that fails is refused with its reason, and the others are still trained. An error of
the file or of the data (SpecError, DataError) ends the stage, because the user has to correct it.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from mdlc.components.training import crossing, judging, problem
from mdlc.components.training.aging import effective
from mdlc.components.training.candidates._base import Candidate, Params
from mdlc.components.training.candidates.registry import find_candidate
from mdlc.components.training.crossing import Folds
from mdlc.components.training.packing import Packer
from mdlc.components.training.parity import ParityError
from mdlc.components.training.problem import Problem
from mdlc.components.training.tuning import SearchError, SearchResult, reason_of, search
from mdlc.core.bundle import open_bundle
from mdlc.core.cleaning import Decision
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import CandidateResult, Contestant, Training
from mdlc.core.errors import MdlcError, StageError
from mdlc.core.files import read_document, whole_folder, write_document
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Model, Tuning
from mdlc.core.spec.monitor import Drift

FOLDER = "candidates"
WHERE = "spec.model.candidates"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingEntry:
    """A contestant with the hyperparameters that the file fixes and those its search starts at."""

    candidate: type[Candidate]
    fixed: Params
    warm: Params


def train(  # noqa: PLR0913 - all that training depends on, as the contract lists it
    model: Model,
    *,
    name: str,
    payoff: Payoff | None,
    drift: Drift,
    parity: float,
    prepared: Path,
    cleaning: list[Decision],
    contestants: list[Contestant],
    out: Path,
    warm: Path | None = None,
    half_life: timedelta | None = None,
    part: str = "",
) -> Training:
    """Train the contestants on the table in `prepared`; write training.json and bundles to `out`.

    `warm` is the bundle of an older model: the candidate of its kind starts from its
    hyperparameters. With `half_life` older training rows count less. Contestants that selection
    refused are left out; selection.json has them. With `part` only that kind is trained, and it is
    no error if it is refused: `parts.assemble` checks later that a candidate can be served.

    Raises:
        SpecError: a candidate, a hyperparameter, the rule, the metric or the payoff is wrong.
        DataError: there are no rows, no features, or a class has no training row.
        ArtifactError: `warm` is not a whole bundle.
        StageError: no candidate can be served.
    """
    started = time.monotonic()
    entries = _entries(model, contestants=contestants, warm=warm, part=part)
    document = read_document(prepared / "prepared.json", Prepared)
    task = problem.load(
        prepared,
        document,
        decisions=cleaning,
        rule=model.rule,
        seed=model.seed,
        half_life=half_life,
    )
    judge = judging.judge_for(
        task.task,
        metric=model.tuning.metric,
        money=payoff,
        classes=task.classes,
        truth=task.validation.truth,
    )
    packer = Packer(name, document, task, judge, payoff, cleaning, drift.bins, parity)
    folds = crossing.folds(prepared, document, whole=task)
    results = [_run(entry, packer, tuning=model.tuning, folds=folds, out=out) for entry in entries]
    if not part:
        require_one(results)
    training = Training(
        candidates=sorted(results, key=rank),
        rows={"train": len(task.train), "validation": len(task.validation)},
        seconds=time.monotonic() - started,
        effective_rows=None if task.train.weights is None else effective(task.train.weights),
    )
    write_document(out / "training.json", training)
    return training


def fixed_params(model: Model) -> dict[str, Params]:
    """Return kind -> the hyperparameters that the file fixes.

    Raises:
        SpecError: a kind or hyperparameter is unknown.
    """
    fixed: dict[str, Params] = {}
    for index, spec in enumerate(model.candidates):
        where = f"{WHERE}[{index}]"
        candidate = find_candidate(spec.kind, where=f"{where}.kind")
        fixed[spec.kind] = candidate.read_params(spec.params, where=f"{where}.params")
    return fixed


def _entries(
    model: Model, *, contestants: Iterable[Contestant], warm: Path | None, part: str
) -> list[TrainingEntry]:
    """Check what the file says about the candidates, before any work is done."""
    fixed = fixed_params(model)
    older = open_bundle(warm)[0] if warm is not None else None
    entries = []
    for contestant in contestants:
        if contestant.refused or part not in ("", contestant.kind):
            continue
        known = older.params if older and older.candidate == contestant.kind else {}
        candidate = find_candidate(contestant.kind, where=WHERE)
        entries.append(TrainingEntry(candidate, fixed.get(contestant.kind, {}), known))
    if not entries:
        raise StageError("there is no candidate to train", where=WHERE, hint="see selection.json")
    return entries


def _run(
    entry: TrainingEntry, packer: Packer, *, tuning: Tuning, folds: Folds | None, out: Path
) -> CandidateResult:
    """Tune one candidate and write its bundle, or say why it is refused."""
    started = time.monotonic()
    kind = entry.candidate.kind
    result = _nothing_yet(entry, metric=packer.judge.metric)
    try:
        candidate = _make(entry, packer.problem)
        found = search(
            candidate,
            packer.judge,
            tuning=tuning,
            fixed=entry.fixed,
            warm=entry.warm,
            crossing=folds.of(entry.candidate, judge=packer.judge) if folds else None,
        )
        result = result.model_copy(update=_tuned(found))
        with whole_folder(out / FOLDER / kind) as folder:
            manifest = packer.pack(folder, kind=kind, found=found)
        update: dict[str, Any] = {
            "parity": manifest.parity,
            "format": manifest.format,
            "folder": f"{FOLDER}/{kind}",
            "digest": manifest.digest,
        }
    except SearchError as error:
        update = {"trials": error.trials, "refused": f"no trial gave a model: {error}"}
    except ParityError as error:
        update = {"parity": error.differs, "refused": str(error)}
    except StageError as error:
        update = {"refused": str(error)}
    except MdlcError:
        raise
    except Exception as error:
        # Libraries raise errors of any type; the other candidates are trained all the same.
        log.warning("%s failed", kind, exc_info=True)
        doing = "it cannot be exported: " if result.trials else ""
        update = {"refused": f"{doing}{reason_of(error)}"}
    log.info("%s: %s %s %s", kind, result.metric, result.value, update.get("refused", ""))
    return result.model_copy(update={**update, "seconds": time.monotonic() - started})


def _make(entry: TrainingEntry, task: Problem) -> Candidate:
    if task.task not in entry.candidate.about.tasks:
        raise StageError(f"{entry.candidate.kind} is not for {task.task}")
    if task.train.weights is not None and not entry.candidate.takes_weights:
        raise StageError(
            f"{entry.candidate.kind} cannot weigh its rows, as spec.retrain.half_life asks",
            hint="leave it out of spec.retrain.candidates, or leave half_life out",
        )
    try:
        return entry.candidate(task)
    except ImportError as error:
        extra = entry.candidate.about.extra
        hint = f"install {extra}" if extra else ""
        raise StageError(f"{error.name or error} is not installed", hint=hint) from error


def _nothing_yet(entry: TrainingEntry, *, metric: str) -> CandidateResult:
    return CandidateResult(
        kind=entry.candidate.kind,
        params=entry.fixed,
        metric=metric,
        value=None,
        seconds=0,
        parity=None,
        format="",
        folder="",
        digest="",
        trials=[],
    )


def _tuned(found: SearchResult) -> dict[str, Any]:
    return {
        "params": found.params,
        "value": found.value,
        "crossed": found.crossed,
        "trials": found.trials,
        "description": found.fitted.description,
        "curve": found.fitted.curve,
        "importance": found.fitted.importance,
    }


def rank(result: CandidateResult) -> tuple[bool, float]:
    """Return the sort key of a candidate: those that can be served first, then by the metric."""
    return bool(result.refused), math.inf if result.value is None else result.value


def require_one(results: list[CandidateResult]) -> None:
    """Refuse a training without a model.

    Raises:
        StageError: no candidate can be served.
    """
    if all(result.refused for result in results):
        reasons = "; ".join(f"{result.kind}: {result.refused}" for result in results)
        raise StageError(f"no candidate can be served ({reasons})", where=WHERE)
