"""Chooses the winner, compares it, and decides about promotion, with reasons in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mdlc.components.evaluation.bootstrap import Resamples
from mdlc.components.evaluation.contenders import CHAMPION, NOTHING, RULE, ScoredContender
from mdlc.core.documents.evaluation_result import Comparison
from mdlc.core.spec.promotion import Promotion

TITLES = {CHAMPION: "the champion", NOTHING: "doing nothing", RULE: "the rule"}
"""Names in sentences of contenders that are not candidates, and of the rule."""


@dataclass(frozen=True)
class PromotionVerdict:
    """Whether the winner is promoted, and why, in sentences.

    >>> PromotionVerdict(False, findings=["It earns 2 less."], conclusion="Not promoted.").reasons
    ['It earns 2 less.', 'Not promoted.']
    """

    promote: bool
    findings: list[str]
    """What the comparisons found."""
    conclusion: str
    """What follows from them: promoted or not, and the rule that decided."""

    @property
    def reasons(self) -> list[str]:
        """All sentences in the order in which they are read."""
        return [*self.findings, self.conclusion]


def best(candidates: Sequence[ScoredContender]) -> ScoredContender:
    """Return the candidate that earns most on the validation rows; of equals, the rule.

    The test rows are not used for that, because a winner chosen on them would look too good.
    """
    return max(candidates, key=lambda c: (float(c.validation.money.mean()), c.name == RULE))


def compare(
    winner: ScoredContender, other: ScoredContender, *, resamples: Resamples, promotion: Promotion
) -> Comparison:
    """Compare decision by decision on the test rows: the same rows, resampled together."""
    gains = winner.test.money - other.test.money
    sums = resamples.sums({"gain": gains[:, None], "rows": np.ones((len(gains), 1))})
    samples = sums["gain"][:, 0] / sums["rows"][:, 0]
    probability = float((samples > promotion.min_gain).mean())
    return Comparison(
        against=other.name,
        gain=resamples.interval(float(gains.mean()), samples=samples),
        probability=probability,
        enough=probability >= promotion.confidence,
    )


def judge(
    winner: ScoredContender,
    comparisons: Sequence[Comparison],
    *,
    champion_digest: str,
    needs: Promotion,
) -> PromotionVerdict:
    """Decide about promotion: enough against the champion or, without one, against doing nothing.

    A winner that is not the rule must also earn more than the rule on the test rows, on average.
    """
    against = {comparison.against: comparison for comparison in comparisons}
    findings = [sentence(winner.name, comparison, needs=needs) for comparison in comparisons]
    if winner.name == RULE:
        findings.append("No model earns more than the rule on the validation rows: it is enough.")
    if winner.digest == champion_digest:
        return PromotionVerdict(False, findings, "Not promoted: it is the champion, byte for byte.")
    decisive = decisive_of(comparisons)
    rule = against.get(RULE)
    if not decisive.enough:
        title = TITLES[decisive.against]
        conclusion = f"Not promoted: not sure enough to earn more than {title}."
        return PromotionVerdict(False, findings, conclusion)
    if rule is not None and rule.gain.value <= 0:
        conclusion = "Not promoted: on the test rows it earns no more than the rule."
        return PromotionVerdict(False, findings, conclusion)
    return PromotionVerdict(True, findings, f"Promoted: {winner.name} earns enough more.")


def decisive_of(comparisons: Sequence[Comparison]) -> Comparison:
    """Return the comparison that decides: with the champion or, without one, with doing nothing."""
    against = {comparison.against: comparison for comparison in comparisons}
    return against.get(CHAMPION) or against[NOTHING]


def sentence(winner: str, comparison: Comparison, *, needs: Promotion) -> str:
    """Put a comparison in words; money comes without its currency."""
    gain, title = comparison.gain, TITLES[comparison.against]
    name = TITLES.get(winner, winner)
    amount = f"{number(abs(gain.value))} {'more' if gain.value >= 0 else 'less'}"
    bound = f"{number(needs.min_gain)} more" if needs.min_gain else "more"
    return (
        f"{name[0].upper() + name[1:]} earns {amount} per decision than {title} "
        f"(95 %: {number(gain.low)} to {number(gain.high)}); it earns {bound} in "
        f"{percent(comparison.probability)} of the resamples, "
        f"{percent(needs.confidence)} are needed."
    )


def number(value: float) -> str:
    """Write with three significant digits, never in powers of ten.

    >>> number(0.31), number(-12.344), number(1234.5), number(0)
    ('0.31', '-12.3', '1,234', '0')
    """
    if not value or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, min(8, 2 - math.floor(math.log10(abs(value)))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """Write a share as per cent, cut so that 100 % means every one.

    >>> percent(0.9), percent(0.9999), percent(1)
    ('90 %', '99.9 %', '100 %')
    """
    return f"{math.floor(round(share * 1000, 6)) / 10:g} %"
