"""The evaluation stage: compares candidates, champion and doing nothing on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mdlc.components.evaluation import (
    anchor,
    bootstrap,
    contenders,
    describe,
    held_out_rows,
    significance,
    unfair,
    verdict,
    verdict_notes,
)
from mdlc.components.evaluation.champion_standing import ChampionStanding, standing
from mdlc.components.evaluation.contenders import EvaluationContext, ScoredContender
from mdlc.components.evaluation.verdict import Court, PromotionVerdict
from mdlc.core import payoff as payoffs
from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import Training
from mdlc.core.files import read_document, write_document
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Model
from mdlc.core.spec.promotion import Promotion
from mdlc.core.spec.retrain import Guard


def evaluate(  # noqa: PLR0913 - a stage's inputs are its arguments
    model: Model,
    *,
    promotion: Promotion,
    payoff: Payoff | None,
    prepared: Path,
    training: Path,
    out: Path,
    champion: Path | None = None,
    guard: Guard | None = None,
    leaks: Sequence[str] = (),
    earlier: Sequence[str] = (),
) -> Evaluation:
    """Find the candidate that earns most, and decide whether it replaces the champion.

    The winner is picked on rows that it was not trained on; the test rows, which nothing has used,
    judge it. With `guard` the sources' own labels of test rows, where there are enough, have to
    agree. `leaks` are suspected leaks, in words: each stops a promotion. `earlier` are digests of
    the test rows that other runs were judged on: the same rows again leave less to be wrong about.
    Without a payoff a proper score judges: log-loss, for regression the squared error. Writes
    evaluation.json into `out`.

    Raises:
        ArtifactError: a document or bundle is missing, half-written or altered.
        DataError: a split has no rows.
        SpecError: the payoff does not fit the classes.
        StageError: no candidate can be served, or one does not answer with finite numbers.
    """
    document = read_document(prepared / "prepared.json", Prepared)
    trained = read_document(training / "training.json", Training)
    bench = _bench(model, payoff=payoff, prepared=document, folder=prepared)
    entrants = contenders.candidates(bench, trained, folder=training)
    reigning, manifest, note = contenders.champion(bench, champion)
    field = [*entrants, *_rivals(bench, reigning, truth=_training_truth(prepared, document))]
    digest = held_out_rows.digest(bench.test)
    uses = earlier.count(digest) + 1
    court = Court(bench, significance.units_of(bench.test), promotion, uses)
    champion_digest = manifest.digest if manifest else ""
    winner = verdict.best(entrants, worth=_worth(entrants, trained))
    judged = court.judge(winner, field, champion_digest=champion_digest)
    contest = anchor.Contest(prepared, training, champion)
    judged, anchored = contest.settle(judged, court, guard=guard)
    for why in [*unfair.reasons(manifest, document), *leaks]:
        judged = judged.stopped(why)
    serving = ChampionStanding() if judged.promote else standing(court, reigning, field[-1])
    reasons = [
        *verdict_notes.before(note, document),
        *judged.reasons,
        *serving.reasons,
        *verdict_notes.after(court),
    ]
    evaluation = _document(judged, court, field=field, model=model).model_copy(
        update={
            "champion_digest": champion_digest,
            "test_digest": digest,
            "anchor": anchored,
            "withdraw": serving.instead,
            "earning": serving.earning,
            "reasons": reasons,
        }
    )
    write_document(out / "evaluation.json", evaluation)
    return evaluation


def _document(
    judged: PromotionVerdict, court: Court, *, field: list[ScoredContender], model: Model
) -> Evaluation:
    """Return the evaluation without what is known outside of the contest."""
    bench, units = court.bench, court.units
    resamples = bootstrap.of_units(units, draws=model.bootstrap, seed=model.seed)
    begins, ends = _span(bench)
    return Evaluation(
        rows=len(bench.test.truth),
        begins=begins,
        ends=ends,
        classes=bench.prepared.classes,
        contenders=[
            describe.contender(c, bench, resamples=resamples, min_rows=model.min_slice_rows)
            for c in field
        ],
        winner=judged.winner.name,
        winner_folder=judged.winner.folder,
        winner_digest=judged.winner.digest,
        comparisons=judged.comparisons,
        priced=bench.money.priced,
        units=units.size,
        unit=units.kind,
        uses=court.uses,
        promote=judged.promote,
        reasons=judged.reasons,
    )


def _bench(
    model: Model, *, payoff: Payoff | None, prepared: Prepared, folder: Path
) -> EvaluationContext:
    regression = prepared.task == "regression"
    money = (
        payoffs.for_numbers(payoff) if regression else payoffs.for_classes(payoff, prepared.classes)
    )
    validation = held_out_rows.read(folder, prepared, split="validation")
    test = held_out_rows.read(folder, prepared, split="test", slices=model.slices)
    return EvaluationContext(prepared, money, validation, test)


def _training_truth(folder: Path, prepared: Prepared) -> Any:
    return held_out_rows.read_truth(folder, prepared, split="train")


def _rivals(
    bench: EvaluationContext, reigning: ScoredContender | None, *, truth: Any
) -> list[ScoredContender]:
    """Return those that are no candidates: the champion, the best constant, doing nothing."""
    entered = (reigning, bench.constant(truth), bench.nothing(truth))
    return [entrant for entrant in entered if entrant is not None]


def _worth(
    entrants: Sequence[ScoredContender], trained: Training
) -> Callable[[ScoredContender], float]:
    """Return what a candidate is picked by: cross-validated where all are, else on validation."""
    crossed = {c.kind: c.crossed for c in trained.candidates if c.crossed is not None}
    if all(entrant.name in crossed for entrant in entrants):
        return lambda entrant: crossed[entrant.name]
    return lambda entrant: float(entrant.validation.money.mean())


def _span(bench: EvaluationContext) -> tuple[datetime | None, datetime | None]:
    times: Any = bench.test.times
    return (None, None) if times is None else (times.min().item(), times.max().item())
