"""Who wins, by how much, and whether that is enough: sentences with the numbers behind them.

The order of the questions is fixed, so that one promotion has one chance of being wrong:

1. Is the candidate that was best on the validation rows better than the champion, the best constant
   action and doing nothing, on the test rows?
2. Is it better than the rule, too? Then it is promoted.
3. If not: is the rule better than the champion, the constant and doing nothing? Then the rule is.

A question is asked only where the one before was answered with yes, so each may be asked with the
whole error that is allowed (fixed-sequence testing: Maurer, Hothorn and Lehmacher, 1995). Where the
first is answered with no, the rule may still stand on its own; a twentieth of the error is kept for
it (`RULE_SHARE`). Test rows that were used before leave less (`spend`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mdlc.components.evaluation import significance
from mdlc.components.evaluation.contenders import (
    CHAMPION,
    CONSTANT,
    NOTHING,
    RULE,
    EvaluationContext,
    ScoredContender,
)
from mdlc.components.evaluation.significance import Units
from mdlc.core.documents.evaluation_result import Comparison
from mdlc.core.spec.promotion import Promotion

TITLES = {
    CHAMPION: "the champion",
    CONSTANT: "the best constant action",
    NOTHING: "doing nothing",
    RULE: "the rule",
}
"""Contenders that are no candidates, in words."""
RULE_SHARE = 0.05
"""Share of the error that is kept for the rule, where the winner is not enough."""
FIRST_SHARE = 0.9
"""Share of the error that the first use of test rows may spend; the rest is for later ones."""


@dataclass(frozen=True)
class PromotionVerdict:
    """Who is promoted, or would be, and why, in sentences."""

    promote: bool
    winner: ScoredContender
    comparisons: list[Comparison]
    """Of that winner."""
    findings: list[str]
    """What the comparisons found."""
    conclusion: str
    """What follows from them: promoted or not, and the rule that decided."""

    @property
    def reasons(self) -> list[str]:
        """All sentences in the order in which they are read."""
        return [*self.findings, self.conclusion]

    def stopped(self, why: str) -> PromotionVerdict:
        """Return the verdict with a promotion refused for another reason than the money."""
        if self.promote:
            return replace(self, promote=False, conclusion=f"Not promoted: {why}")
        return replace(self, findings=[*self.findings, f"{why[0].upper()}{why[1:]}"])


@dataclass(frozen=True)
class Court:
    """What all comparisons of an evaluation share."""

    bench: EvaluationContext
    units: Units
    promotion: Promotion
    uses: int = 1
    """How often these test rows have judged, this time included."""

    def compare(self, one: ScoredContender, other: ScoredContender, *, share: float) -> Comparison:
        """Compare decision by decision on the test rows; `share` of the error may be spent."""
        worst, best = self.bench.extremes(one.test, other.test)
        found = significance.gain(
            one.test.money - other.test.money,
            units=self.units,
            worst=worst,
            best=best,
            bound=self.promotion.min_gain,
        )
        needed = 1 - (1 - self.promotion.confidence) * spend(self.uses) * share
        return Comparison(
            against=other.name,
            gain=found.interval,
            probability=found.probability,
            needed=needed,
            differing=found.differing,
            missing=found.missing,
            enough=not found.missing and found.probability >= needed,
        )

    def judge(
        self, winner: ScoredContender, field: Sequence[ScoredContender], *, champion_digest: str
    ) -> PromotionVerdict:
        """Decide about promotion, as the module says; `field` are all contenders."""
        rule = next((c for c in field if c.name == RULE and c is not winner), None)
        rivals = [c for c in field if c.name in (CHAMPION, CONSTANT, NOTHING)]
        share = 1.0 if rule is None else 1 - RULE_SHARE
        found = [self.compare(winner, other, share=share) for other in rivals]
        passed = all(c.enough for c in found)
        if rule is not None:
            found.insert(int(CHAMPION in [c.name for c in rivals]), self._veto(winner, rule))
        findings = [self.sentence(winner.name, c) for c in found]
        if winner.name == RULE:
            findings.append(f"No model {self._earns} more than the rule on the validation rows.")
        if winner.digest == champion_digest:
            same = "Not promoted: it is the champion, byte for byte."
            return PromotionVerdict(False, winner, found, findings, same)
        if all(c.enough for c in found):
            enough = f"Promoted: {winner.name} {self._earns} enough more."
            return PromotionVerdict(True, winner, found, findings, enough)
        refused = PromotionVerdict(False, winner, found, findings, self._refusal(found))
        if rule is None:
            return refused
        share = 1.0 if passed else RULE_SHARE
        return self._fall_back(rule, rivals, refused, share=share, champion_digest=champion_digest)

    def _veto(self, winner: ScoredContender, rule: ScoredContender) -> Comparison:
        return self.compare(winner, rule, share=1.0)

    def _fall_back(
        self,
        rule: ScoredContender,
        rivals: Sequence[ScoredContender],
        refused: PromotionVerdict,
        *,
        share: float,
        champion_digest: str,
    ) -> PromotionVerdict:
        """Let the rule stand in for a winner that is not enough, where the rule is."""
        found = [self.compare(rule, other, share=share) for other in rivals]
        if rule.digest == champion_digest or not all(c.enough for c in found):
            return refused
        findings = [*refused.reasons, *(self.sentence(RULE, c) for c in found)]
        enough = f"Promoted: the rule {self._earns} enough more, and no model more than the rule."
        return PromotionVerdict(True, rule, found, findings, enough)

    def _refusal(self, found: Sequence[Comparison]) -> str:
        missing = next((c for c in found if c.missing), None)
        if missing is not None:
            return (
                f"Not promoted: not enough data. {missing.missing[0].upper()}{missing.missing[1:]}."
            )
        titles = [TITLES[c.against] for c in found if not c.enough]
        return f"Not promoted: not sure enough to {self._earn} more than {_and(titles)}."

    @property
    def _earns(self) -> str:
        return "earns" if self.bench.money.priced else "scores"

    @property
    def _earn(self) -> str:
        return self._earns.removesuffix("s")

    def sentence(self, winner: str, comparison: Comparison) -> str:
        """Put a comparison in words; money comes without its currency."""
        gain, title = comparison.gain, TITLES[comparison.against]
        name = TITLES.get(winner, winner)
        least = self.promotion.min_gain
        bound = f"{number(least)} more" if least else "more"
        return (
            f"{name[0].upper() + name[1:]} {self._amount(gain.value)} per decision than {title} "
            f"(95 %: {number(gain.low)} to {number(gain.high)}); it is "
            f"{percent(comparison.probability)} sure that it {self._earns} {bound}, "
            f"{percent(comparison.needed)} are needed."
        )

    def _amount(self, gain: float) -> str:
        size, more = number(abs(gain)), gain >= 0
        if self.bench.money.priced:
            return f"earns {size} {'more' if more else 'less'}"
        error = "squared error" if self.bench.prepared.task == "regression" else "log-loss"
        return f"has {size} {'less' if more else 'more'} {error}"


def best(
    candidates: Sequence[ScoredContender], *, worth: Callable[[ScoredContender], float]
) -> ScoredContender:
    """Return the candidate that earns most on rows it was not trained on; of equals, the rule.

    The test rows are not used for that, because a winner chosen on them would look too good.
    """
    return max(candidates, key=lambda c: (worth(c), c.name == RULE))


def spend(uses: int) -> float:
    """Return the share of the error that the n-th use of the same test rows may spend.

    Over any number of uses the shares add up to 1: alpha spending (Lan and DeMets, Biometrika 70,
    1983), with 0.9 for the first use and 0.1 / (n (n - 1)) for the n-th.

    >>> spend(1), round(spend(2), 3), round(sum(spend(n) for n in range(1, 1000)), 2)
    (0.9, 0.05, 1.0)
    """
    return FIRST_SHARE if uses == 1 else (1 - FIRST_SHARE) / (uses * (uses - 1))


def decisive_of(comparisons: Sequence[Comparison]) -> Comparison:
    """Return the comparison with what serves: the champion, without one doing nothing."""
    against = {comparison.against: comparison for comparison in comparisons}
    return against.get(CHAMPION) or against[NOTHING]


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


def _and(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
