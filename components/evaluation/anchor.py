"""Repeats the decisive comparison on test rows with the sources' own labels (the anchor).

The labels that decide about a promotion come from outside, as feedback, and may be poisoned. If the
sources have labels for enough test rows, the challenger must earn more on these rows too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mdlc.components.evaluation import bootstrap, contenders, held_out_rows, verdict
from mdlc.components.evaluation.contenders import CHAMPION, EvaluationContext, ScoredContender
from mdlc.components.evaluation.verdict import TITLES, PromotionVerdict
from mdlc.core.documents.evaluation_result import Anchor, Comparison
from mdlc.core.scorer import Scorer
from mdlc.core.spec.model import Model
from mdlc.core.spec.promotion import Promotion
from mdlc.core.spec.retrain import Guard

TABLE = "anchor.parquet"


@dataclass(frozen=True)
class Contest:
    """What the contest needs beside the winner: the file's settings, and where things lie."""

    model: Model
    promotion: Promotion
    prepared: Path
    training: Path
    champion: Path | None

    def settle(
        self,
        judged: PromotionVerdict,
        winner: ScoredContender,
        bench: EvaluationContext,
        *,
        comparisons: Sequence[Comparison],
        guard: Guard | None,
    ) -> tuple[PromotionVerdict, Anchor | None]:
        """Compare on the sources' labels too, if `guard` asks for it and there are enough rows."""
        rows = bench.prepared.anchor
        if guard is None or not guard.anchor_rows or rows < guard.anchor_rows:
            return judged, None
        decisive = verdict.decisive_of(comparisons)
        sources = self.held(winner, bench, against=decisive.against)
        settled = judge(judged, decisive, sources, rows=rows)
        return settled, document(decisive, sources, rows=rows)

    def held(
        self, winner: ScoredContender, bench: EvaluationContext, *, against: str
    ) -> Comparison:
        """Compare the winner with the contender `against` on the sources' own labels."""
        split = held_out_rows.read(self.prepared, bench.prepared, split="test", name=TABLE)
        own = replace(bench, validation=split, test=split)
        scorer = Scorer.load(self.training / winner.folder)
        again = own.enter(winner.name, scorer, folder=winner.folder)
        other = contenders.champion(own, self.champion)[0] if against == CHAMPION else None
        if other is None:
            other = own.nothing(
                held_out_rows.read_truth(self.prepared, bench.prepared, split="train")
            )
        resamples = bootstrap.of_split(
            len(split.truth), split.times, draws=self.model.bootstrap, seed=self.model.seed
        )
        return verdict.compare(again, other, resamples=resamples, promotion=self.promotion)


def judge(
    judged: PromotionVerdict, feedback: Comparison, sources: Comparison, *, rows: int
) -> PromotionVerdict:
    """Refuse a promotion unless feedback and sources agree about which model earns more."""
    title, gain = TITLES[sources.against], sources.gain
    agree = (feedback.gain.value > 0) == (gain.value > 0)
    more = "more" if gain.value >= 0 else "less"
    said = (
        f"On the {rows} test rows that the sources label themselves it earns "
        f"{verdict.number(abs(gain.value))} {more} per decision than {title} "
        f"(95 %: {verdict.number(gain.low)} to {verdict.number(gain.high)})."
    )
    findings = [*judged.findings, said]
    if judged.promote and not agree:
        refusal = (
            "Not promoted: feedback and the sources' own labels disagree about who earns more "
            f"({TITLES[sources.against]} or the challenger), so the feedback may be wrong."
        )
        return PromotionVerdict(False, findings, refusal)
    return PromotionVerdict(judged.promote, findings, judged.conclusion)


def document(feedback: Comparison, sources: Comparison, *, rows: int) -> Anchor:
    """Return the comparison as it is written to evaluation.json."""
    agrees = (feedback.gain.value > 0) == (sources.gain.value > 0)
    return Anchor(rows=rows, against=sources.against, gain=sources.gain, agrees=agrees)
