"""The evaluation stage: compares candidates, champion and doing nothing on the same rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from mdlc.components.evaluation import (
    anchor,
    bootstrap,
    contenders,
    describe,
    held_out_rows,
    verdict,
)
from mdlc.components.evaluation.contenders import NOTHING, RULE, EvaluationContext, ScoredContender
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
    payoff: Payoff,
    prepared: Path,
    training: Path,
    out: Path,
    champion: Path | None = None,
    guard: Guard | None = None,
) -> Evaluation:
    """Find the candidate that earns most, and decide whether it replaces the champion.

    The winner is chosen on the validation rows and judged on the test rows, which were not used
    before. With `guard`, it is also judged on test rows with the sources' own labels, if there are
    enough. Writes evaluation.json into `out`.

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
    winner = verdict.best(entrants)
    reigning, champion_digest, note = contenders.champion(bench, champion)
    nothing = bench.nothing(held_out_rows.read_truth(prepared, document, split="train"))
    field = [*entrants, *([reigning] if reigning else []), nothing]
    resamples = _resamples(bench, model)
    comparisons = [
        verdict.compare(winner, other, resamples=resamples, promotion=promotion)
        for other in _rivals(winner, field=field, reigning=reigning)
    ]
    judged = verdict.judge(winner, comparisons, champion_digest=champion_digest, needs=promotion)
    contest = anchor.Contest(model, promotion, prepared, training, champion)
    judged, anchored = contest.settle(judged, winner, bench, comparisons=comparisons, guard=guard)
    begins, ends = _span(bench)
    evaluation = Evaluation(
        rows=len(bench.test.truth),
        begins=begins,
        ends=ends,
        classes=document.classes,
        contenders=[
            describe.contender(c, bench, resamples=resamples, min_rows=model.min_slice_rows)
            for c in field
        ],
        winner=winner.name,
        winner_folder=winner.folder,
        winner_digest=winner.digest,
        champion_digest=champion_digest,
        comparisons=comparisons,
        anchor=anchored,
        promote=judged.promote,
        reasons=_reasons(note, judged, resamples=resamples, prepared=document),
    )
    write_document(out / "evaluation.json", evaluation)
    return evaluation


def _bench(model: Model, *, payoff: Payoff, prepared: Prepared, folder: Path) -> EvaluationContext:
    regression = prepared.task == "regression"
    money = (
        payoffs.for_numbers(payoff) if regression else payoffs.for_classes(payoff, prepared.classes)
    )
    validation = held_out_rows.read(folder, prepared, split="validation")
    test = held_out_rows.read(folder, prepared, split="test", slices=model.slices)
    return EvaluationContext(prepared, money, validation, test)


def _rivals(
    winner: ScoredContender, *, field: list[ScoredContender], reigning: ScoredContender | None
) -> list[ScoredContender]:
    """Return the contenders that the winner is compared with: champion, rule, doing nothing."""
    rule = [c for c in field if c.name == RULE and c is not winner]
    nothing = [c for c in field if c.name == NOTHING]
    return [*([reigning] if reigning else []), *rule, *nothing]


def _resamples(bench: EvaluationContext, model: Model) -> bootstrap.Resamples:
    return bootstrap.of_split(
        len(bench.test.truth), bench.test.times, draws=model.bootstrap, seed=model.seed
    )


def _span(bench: EvaluationContext) -> tuple[datetime | None, datetime | None]:
    times: Any = bench.test.times
    return (None, None) if times is None else (times.min().item(), times.max().item())


def _reasons(
    note: str,
    judged: verdict.PromotionVerdict,
    *,
    resamples: bootstrap.Resamples,
    prepared: Prepared,
) -> list[str]:
    aside = ""
    if prepared.quarantined:
        rules = dict.fromkeys(f.rule for f in prepared.guard if not f.passed)
        aside = f"{prepared.quarantined} feedback rows were put aside ({', '.join(rules)})."
    return [text for text in (note, aside, *judged.reasons, _unit(resamples)) if text]


def _unit(resamples: bootstrap.Resamples) -> str:
    if resamples.unit != "days":
        return ""
    return f"Intervals resample whole days ({resamples.size}): rows of a day are not independent."
