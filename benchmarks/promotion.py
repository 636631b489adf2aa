"""How often the gate promotes what is no better, and what is better: simulated test rows.

Each line draws test rows again and again, in a world where the gain is known. False promotions are
counted where the gain is nought on average; with the default confidence of 0.9 they may be 10 % at
most. True promotions are counted where it is not. Beside them the method that mdlc had before: the
percentile bootstrap of days, or of rows where there were under five days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import common
import numpy as np
import numpy.typing as npt

REPEATS = 1
WORLDS = 1000
"""Test sets drawn for each line: the standard error of 10 % is 0.95 %."""
DRAWS = 300
CONFIDENCE = 0.9
PER_DAY = 40
EDITS = 20
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What is drawn: gains of rows, in days or one by one."""

    what: str
    units: int
    per: int = 1
    """Rows of a day; 1 where rows have no time."""
    share: float = 1.0
    """Rows about which the two differ."""
    loss: float = 1.0
    """A gain of 1 happens so much more often than this loss that both come out even; below 0, a
    loss of 1 against this gain."""
    day: float = 0.0
    """Standard deviation of what a whole day adds."""
    gain: float = 0.0
    """What every row that differs gains beside."""

    def draw(self, random: np.random.Generator) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return (rows,) gains, and the unit of each."""
        of = np.repeat(np.arange(self.units), self.per)
        up, down = (1.0, self.loss) if self.loss > 0 else (-self.loss, 1.0)
        won = random.random(len(of)) < down / (up + down)
        days = random.normal(0, self.day, self.units)[of] if self.day else 0.0
        differ = random.random(len(of)) < self.share
        return np.where(differ, np.where(won, up, -down) + days + self.gain, 0.0), of

    @property
    def extremes(self) -> tuple[float, float]:
        """The least and the most that a row gains."""
        up, down = (1.0, self.loss) if self.loss > 0 else (-self.loss, 1.0)
        return -down - 3 * self.day + self.gain, up + 3 * self.day + self.gain


def measure(repeats: int) -> common.Result:
    """Draw the worlds."""
    result = common.Result("promotion", "what is promoted that is no better, and what is better")
    for world in _null():
        found = _share(world, judge=_gate, seed=repeats)
        result.add(f"false: {world.what}", [found], unit="%", goal=100 * (1 - CONFIDENCE))
    for rows in (36, 200, 1000):
        found = _shuffled(rows)
        what = f"false: shuffled labels, {rows} rows, whole gate"
        result.add(what, [found], unit="%", goal=100 * (1 - CONFIDENCE))
    again = f"false: one of {EDITS} edits, the same 200 rows"
    result.add(again, [_edited()], unit="%", goal=100 * (1 - CONFIDENCE))
    for world in _better():
        before = f"true, as before: {world.what}"
        result.add(before, [_share(world, judge=_bootstrap, seed=1)], unit="%")
        found = _share(world, judge=_gate, seed=1)
        result.add(f"true: {world.what}", [found], unit="%", against=before)
    for world in [w for w in _null() if w.day and w.units <= 14]:
        found = _share(world, judge=_bootstrap, seed=1)
        result.add(f"false, as before: {world.what}", [found], unit="%")
    result.notes += [
        f"{WORLDS} test sets for each line; first use of the test rows; confidence {CONFIDENCE}.",
        "losses 9: a gain of 1 in nine rows of ten, a loss of 9 in the tenth; gains 9 the reverse.",
        "Where a test has under 5 days, under 20 rows or under 10 rows that differ, the gate says"
        " that there is not enough data: nothing is promoted.",
    ]
    return result


def _null() -> Iterator[World]:
    for days in (2, 3, 5, 7, 14, 30, 60):
        yield World(f"{days} days", days, PER_DAY)
        yield World(f"{days} days, day effects", days, PER_DAY, day=0.5)
        yield World(f"{days} days, day effects, 5 % differ", days, PER_DAY, share=0.05, day=0.5)
        yield World(f"{days} days, day effects, losses 9", days, PER_DAY, loss=9, day=0.5)
    for rows in (7, 20, 36, 100, 500):
        yield World(f"{rows} rows", rows)
        yield World(f"{rows} rows, a fifth differs", rows, share=0.2)
        yield World(f"{rows} rows, losses 9", rows, loss=9)
        yield World(f"{rows} rows, losses 49", rows, loss=49)
        yield World(f"{rows} rows, gains 9", rows, loss=-9)


def _better() -> Iterator[World]:
    for days in (7, 14, 30, 60):
        gain = 3.0 / np.sqrt(days * PER_DAY)
        yield World(f"{days} days, 3 standard errors", days, PER_DAY, gain=float(gain))
    for days in (7, 30):
        gain = 3.0 * np.sqrt((0.25 + 1 / PER_DAY) / days)
        what = f"{days} days, day effects, 3 standard errors"
        yield World(what, days, PER_DAY, day=0.5, gain=float(gain))
    for rows in (36, 100, 500):
        yield World(f"{rows} rows, 3 standard errors", rows, gain=float(3.0 / np.sqrt(rows)))


def _share(world: World, *, judge: Callable[..., bool], seed: int) -> float:
    """Return the share of test sets on which a method promotes, in percent."""
    random = np.random.default_rng(seed)
    return 100 * float(np.mean([judge(*world.draw(random), world) for _ in range(WORLDS)]))


def _gate(gains: Floats, of: npt.NDArray[np.int64], world: World, uses: int = 1) -> bool:
    """Decide as mdlc does."""
    from mdlc.components.evaluation import significance
    from mdlc.components.evaluation.verdict import spend

    worst, best = world.extremes
    units = significance.Units(of, world.units, "rows" if world.per == 1 else "days")
    found = significance.gain(gains, units=units, worst=worst, best=best)
    return not found.missing and found.probability >= 1 - (1 - CONFIDENCE) * spend(uses)


def _bootstrap(gains: Floats, of: npt.NDArray[np.int64], world: World) -> bool:
    """Decide as mdlc did: the share of resamples of days, or of rows, in which it earns more."""
    from mdlc.components.evaluation import bootstrap
    from mdlc.components.evaluation.significance import Units

    rows = len(gains)
    alone = world.per == 1 or world.units < 5
    units = Units(np.arange(rows), rows, "rows") if alone else Units(of, world.units, "days")
    resamples = bootstrap.of_units(units, draws=DRAWS, seed=0)
    sums = resamples.sums({"gain": gains[:, None]})["gain"][:, 0]
    return float((sums > 0).mean()) >= CONFIDENCE


def _edited() -> float:
    """Return how often one of many useless edits is promoted on the same rows, in percent."""
    world, random = World("", 200), np.random.default_rng(3)
    return 100 * float(
        np.mean(
            [
                any(_gate(*world.draw(random), world, uses=n + 1) for n in range(EDITS))
                for _ in range(WORLDS)
            ]
        )
    )


def _shuffled(rows: int) -> float:
    """Return how often a model or a rule is promoted that says nothing about the truth."""
    random = np.random.default_rng(rows)
    return 100 * float(np.mean([_noise(rows, random) for _ in range(WORLDS // 2)]))


def _noise(rows: int, random: np.random.Generator) -> bool:
    from mdlc.components.evaluation import significance
    from mdlc.components.evaluation.contenders import Decisions, EvaluationContext, ScoredContender
    from mdlc.components.evaluation.held_out_rows import HeldOutRows
    from mdlc.components.evaluation.verdict import Court
    from mdlc.core.documents.prepared_data import Prepared
    from mdlc.core.payoff import for_classes
    from mdlc.core.spec.business import Payoff
    from mdlc.core.spec.promotion import Promotion

    payoff = Payoff(
        actions={"act": {"no": -1, "yes": 2}, "wait": {"no": 0, "yes": 0}}, do_nothing="wait"
    )
    money = for_classes(payoff, ["no", "yes"])
    truth = (random.random(rows) < 0.4).astype(int)
    split = HeldOutRows({}, truth, None, {})
    # The verdict reads nothing of the document but the task.
    document = Prepared.model_construct(task="binary")  # type: ignore[call-arg]
    bench = EvaluationContext(document, money, split, split)

    def entrant(name: str, spread: float) -> ScoredContender:
        yes = np.clip(0.36 + spread * random.normal(size=rows), 0.01, 0.99)
        scores = np.stack([1 - yes, yes], axis=1)
        actions = money.choose(scores)
        decided = Decisions(scores, actions, money.earned(actions, truth))
        return ScoredContender(name, name, name, decided, decided)

    known = (random.random(rows * 3) < 0.4).astype(int)
    others = [bench.constant(known), bench.nothing(known)]
    field = [entrant("logistic", 0.1), entrant("rule", 0.05), *[o for o in others if o]]
    court = Court(bench, significance.units_of(split), Promotion(confidence=CONFIDENCE))
    return court.judge(field[0], field, champion_digest="").promote
