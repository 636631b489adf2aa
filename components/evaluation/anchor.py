"""Repeats the decisive comparison on test rows with the sources' own labels (the anchor).

The labels that decide about a promotion come from outside, as feedback, and may be poisoned. If the
sources have labels for enough test rows, the challenger must earn more on these rows too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mdlc.components.evaluation import contenders, held_out_rows, significance, verdict
from mdlc.components.evaluation.contenders import CHAMPION, ScoredContender
from mdlc.components.evaluation.verdict import TITLES, Court, PromotionVerdict
from mdlc.core.documents.evaluation_result import Anchor, Comparison
from mdlc.core.scorer import Scorer
from mdlc.core.spec.retrain import Guard

TABLE = "anchor.parquet"


@dataclass(frozen=True)
class Contest:
    """Where the rows and the bundles lie."""

    prepared: Path
    training: Path
    champion: Path | None

    def settle(
        self, judged: PromotionVerdict, court: Court, *, guard: Guard | None
    ) -> tuple[PromotionVerdict, Anchor | None]:
        """Let the sources' labels have their say, where they are asked and there are enough."""
        rows = court.bench.prepared.anchor
        if guard is None or not guard.anchor_rows or rows < guard.anchor_rows:
            return judged, None
        decisive = verdict.decisive_of(judged.comparisons)
        sources = self.held(judged.winner, court, against=decisive.against)
        agrees = (decisive.gain.value > 0) == (sources.gain.value > 0)
        anchored = Anchor(rows=rows, against=sources.against, gain=sources.gain, agrees=agrees)
        return settled(judged, sources, agrees=agrees, rows=rows), anchored

    def held(self, winner: ScoredContender, court: Court, *, against: str) -> Comparison:
        """Compare the winner with whom it was compared, on the sources' own labels."""
        document = court.bench.prepared
        split = held_out_rows.read(self.prepared, document, split="test", name=TABLE)
        own = replace(court.bench, validation=split, test=split)
        scorer = Scorer.load(self.training / winner.folder)
        again = own.enter(winner.name, scorer, folder=winner.folder)
        other = contenders.champion(own, self.champion)[0] if against == CHAMPION else None
        if other is None:
            other = own.nothing(held_out_rows.read_truth(self.prepared, document, split="train"))
        held = replace(court, bench=own, units=significance.units_of(split))
        return held.compare(again, other, share=1.0)


def settled(
    judged: PromotionVerdict, sources: Comparison, *, agrees: bool, rows: int
) -> PromotionVerdict:
    """Refuse a promotion unless feedback and sources agree about which model earns more."""
    title, gain = TITLES[sources.against], sources.gain
    more = "more" if gain.value >= 0 else "less"
    said = (
        f"On the {rows} test rows that the sources label themselves it earns "
        f"{verdict.number(abs(gain.value))} {more} per decision than {title} "
        f"(95 %: {verdict.number(gain.low)} to {verdict.number(gain.high)})."
    )
    heard = replace(judged, findings=[*judged.findings, said])
    if agrees:
        return heard
    return heard.stopped(
        "feedback and the sources' own labels disagree about who earns more "
        f"({title} or the challenger), so the feedback may be wrong."
    )
