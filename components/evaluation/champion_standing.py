"""Does the champion surely lose money, or surely earn it? It is told apart from who is promoted.

A champion that loses is withdrawn, and one that was withdrawn and earns again is restored
(`mdlc.life.withdrawals`). The rows of one test share a season: in two quiet weeks a model may
surely lose that earns in a year. So it has to lose on the validation rows, which are older, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mdlc.components.evaluation import significance
from mdlc.components.evaluation.contenders import ScoredContender
from mdlc.components.evaluation.verdict import Court, number, percent
from mdlc.core.payoff import ActionPayoff


@dataclass(frozen=True)
class ChampionStanding:
    """What the champion's decisions are worth, beside doing nothing."""

    instead: str = ""
    """The action to take, since the champion surely loses; "": its own."""
    earning: bool = False
    """Whether it surely earns more than doing nothing."""
    reasons: tuple[str, ...] = ()


def standing(
    court: Court, champion: ScoredContender | None, nothing: ScoredContender
) -> ChampionStanding:
    """Compare the champion with doing nothing, by the confidence that a promotion needs."""
    money = court.bench.money
    if champion is None or not isinstance(money, ActionPayoff) or not money.priced:
        return ChampionStanding()
    if court.compare(champion, nothing, share=1.0).enough:
        return ChampionStanding(earning=True)
    newest = court.compare(nothing, champion, share=1.0)
    if not newest.enough or not _lost_before(court, champion, nothing):
        return ChampionStanding()
    assert nothing.test.actions is not None  # noqa: S101 - money of actions has some
    action = money.actions[int(nothing.test.actions[0])]
    said = (
        f"Withdrawn: the champion earns {number(newest.gain.value)} less per decision than "
        f"doing nothing ({percent(newest.probability)} sure), and lost on the validation rows. "
        f"Until it earns again, or a model is promoted, the action is {action} whatever it says."
    )
    return ChampionStanding(instead=action, reasons=(said,))


def _lost_before(court: Court, champion: ScoredContender, nothing: ScoredContender) -> bool:
    """Say whether it surely lost on the validation rows; having learnt from some only helps it."""
    split = court.bench.validation
    bench = replace(court.bench, test=split)
    older = replace(court, bench=bench, units=significance.units_of(split))
    one, other = (replace(each, test=each.validation) for each in (nothing, champion))
    return older.compare(one, other, share=1.0).enough
