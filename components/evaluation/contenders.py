"""Who takes part: each candidate that can be served, the champion, a constant, doing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.components.evaluation.held_out_rows import HeldOutRows
from mdlc.core import cleaning, payoff, scoring_rules
from mdlc.core.bundle import Manifest
from mdlc.core.columns import Batch, Feature, rows_of
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.documents.training_result import Training
from mdlc.core.errors import ArtifactError, StageError
from mdlc.core.payoff import ActionPayoff, UnitPayoff
from mdlc.core.scorer import Answers, Scorer
from mdlc.core.scoring_rules import Floats, Ints

CHAMPION, CONSTANT, NOTHING, RULE = "champion", "constant", "nothing", "rule"
CHUNK = 8192
"""Rows scored at once."""
Money = ActionPayoff | UnitPayoff


@dataclass(frozen=True)
class Decisions:
    """What a contender did about each row of a split."""

    scores: Floats
    """(rows, classes) probabilities in the order of the data's classes, or (rows,) numbers."""
    actions: Ints | None
    """(rows,): index of the action taken; None for regression."""
    money: Floats
    """(rows,): what it earned; where the file has no payoff, its score."""


@dataclass(frozen=True)
class ScoredContender:
    """A contender and its decisions on the two splits that no candidate was trained on."""

    name: str
    folder: str
    digest: str
    validation: Decisions
    test: Decisions


@dataclass(frozen=True)
class EvaluationContext:
    """What all contenders have in common: the same rows and the same payoff."""

    prepared: Prepared
    money: Money
    validation: HeldOutRows
    test: HeldOutRows

    def enter(self, name: str, scorer: Scorer, *, folder: str = "") -> ScoredContender:
        """Let a loaded bundle decide about the rows of both splits.

        Raises:
            StageError: its scores are not finite numbers, one for each class.
        """
        splits = (self.validation, self.test)
        validation, test = (self._decide(name, scorer, split=split) for split in splits)
        return ScoredContender(name, folder, scorer.manifest.digest, validation, test)

    def nothing(self, training_truth: Floats | Ints) -> ScoredContender:
        """Enter doing nothing: the same action, or the same number, for every row.

        The action is the file's `do_nothing` or the best constant on the training rows, the
        probabilities are the training rows' shares; the number is the quantile of the training
        target that earns most, without a payoff its mean.
        """
        if isinstance(self.money, UnitPayoff):
            best = self.money.constant(np.asarray(training_truth, float))
            pair = [self._numbers(np.full(len(s.truth), best), s) for s in self._splits]
            return ScoredContender(NOTHING, "", "", *pair)
        action = self.money.constant(np.asarray(training_truth, np.int64))
        return self._always(NOTHING, action, training_truth)

    def constant(self, training_truth: Floats | Ints) -> ScoredContender | None:
        """Enter always taking the action that would have earned most on the training rows.

        None where that is what doing nothing does. Without it, whatever acts would look good where
        the file's `do_nothing` earns less than another action taken blindly.
        """
        if isinstance(self.money, UnitPayoff):
            return None
        truth = np.asarray(training_truth, np.int64)
        best = self.money.best_constant(truth)
        return None if best == self.money.constant(truth) else self._always(CONSTANT, best, truth)

    def _always(self, name: str, action: int, training_truth: Floats | Ints) -> ScoredContender:
        assert isinstance(self.money, ActionPayoff)  # noqa: S101
        truth = np.asarray(training_truth, np.int64)
        shares = np.bincount(truth, minlength=len(self.money.classes)) / len(truth)
        pair = [
            self._actions(
                np.tile(shares, (len(s.truth), 1)), np.full(len(s.truth), action), split=s
            )
            for s in self._splits
        ]
        return ScoredContender(name, "", "", *pair)

    def extremes(self, one: Decisions, other: Decisions) -> tuple[float, float]:
        """Return the least and the most that `one` could have gained on a test row.

        What the two did about the rows is known; the truth might have been any class. Of numbers,
        which have no bounds, it is the least and the most that did happen.
        """
        gains = one.money - other.money
        if isinstance(self.money, UnitPayoff):
            return float(gains.min()), float(gains.max())
        if not self.money.priced:
            told = _told(one.scores) - _told(other.scores)
            return float(told.min()), float(told.max())
        assert one.actions is not None  # noqa: S101
        assert other.actions is not None  # noqa: S101
        pairs = np.unique(np.stack([one.actions, other.actions]), axis=1)
        differences = self.money.money[pairs[0]] - self.money.money[pairs[1]]
        return float(differences.min()), float(differences.max())

    @property
    def _splits(self) -> tuple[HeldOutRows, HeldOutRows]:
        return self.validation, self.test

    def _decide(self, name: str, scorer: Scorer, *, split: HeldOutRows) -> Decisions:
        scores, actions, values = _answer(scorer, split.batch)
        width = len(scorer.classes)
        wanted = (len(split.truth), width) if width else (len(split.truth),)
        if scores.shape != wanted or not np.isfinite(scores).all():
            broken = int((~np.isfinite(scores)).sum()) or f"shape {scores.shape}"
            raise StageError(
                f"{name}: its scores must be finite numbers of shape {wanted}, got {broken}"
                + (" that are not" if isinstance(broken, int) else ""),
                hint="look at the candidate's training, or leave it out of spec.model.candidates",
            )
        if isinstance(self.money, UnitPayoff):
            return self._numbers(values, split)
        order = [scorer.classes.index(label) for label in self.money.classes]
        if not self.money.priced:
            told = np.asarray(scores[:, order], float)
            return self._actions(told, told.argmax(axis=1), split=split)
        positions = {action: index for index, action in enumerate(self.money.actions)}
        taken = np.array([positions[action] for action in actions])
        return self._actions(np.asarray(scores[:, order], float), taken, split=split)

    def _actions(self, scores: Floats, actions: Ints, *, split: HeldOutRows) -> Decisions:
        assert isinstance(self.money, ActionPayoff)  # noqa: S101
        if self.money.priced:
            return Decisions(scores, actions, self.money.earned(actions, split.truth))
        return Decisions(scores, actions, _told(scores)[np.arange(len(split.truth)), split.truth])

    def _numbers(self, values: Floats, split: HeldOutRows) -> Decisions:
        assert isinstance(self.money, UnitPayoff)  # noqa: S101
        numbers = np.asarray(values, float)
        return Decisions(numbers, None, self.money.earned(numbers, split.truth))


def _told(scores: Floats) -> Floats:
    """Return the score of each class of (rows, classes): the logarithm of its probability.

    A probability below 1 / (rows + 2) counts as that: so many rows cannot tell whether what is
    called rarer is (Laplace's rule of succession), and one that was too sure would decide alone.
    """
    return scoring_rules.clipped_logs(scores, least=1 / (len(scores) + 2))


def candidates(
    bench: EvaluationContext, training: Training, *, folder: Path
) -> list[ScoredContender]:
    """Enter every servable candidate of `folder`/training.json, in its order.

    Raises:
        ArtifactError: a bundle is not the one that training.json names.
        StageError: there is none, or the scores of one are not finite numbers.
    """
    entrants = []
    for result in training.candidates:
        if result.refused or not result.folder:
            continue
        entrant = bench.enter(
            result.kind, Scorer.load(folder / result.folder), folder=result.folder
        )
        if entrant.digest != result.digest:
            raise ArtifactError(
                f"{folder / result.folder} is not the bundle that training.json names",
                hint="run the training again",
            )
        entrants.append(entrant)
    if not entrants:
        why = "; ".join(f"{c.kind}: {c.refused}" for c in training.candidates if c.refused)
        raise StageError(f"no candidate can be served: {why or 'training made none'}")
    return entrants


def champion(
    bench: EvaluationContext, folder: Path | None
) -> tuple[ScoredContender | None, Manifest | None, str]:
    """Enter the champion as it serves now: (entrant or None, its manifest, why it is left out).

    It chooses actions by its own payoff and is judged by the file's. It is left out if today's data
    or payoff do not fit it, or if its scores are not finite numbers.

    Raises:
        ArtifactError: the bundle is missing or altered.
    """
    if folder is None:
        return None, None, ""
    scorer = Scorer.load(folder)
    why = mismatch(scorer.manifest, prepared=bench.prepared, money=bench.money)
    if not why:
        try:
            return bench.enter(CHAMPION, scorer), scorer.manifest, ""
        except StageError as error:
            why = error.message
    return None, scorer.manifest, f"The champion is left out: {why}."


def mismatch(manifest: Manifest, *, prepared: Prepared, money: Money) -> str:
    """Return in words why a bundle cannot decide about the table's rows; "" if it can."""
    if manifest.task != prepared.task:
        return f"it answers a {manifest.task} question, the data ask a {prepared.task} one"
    if set(manifest.classes) != set(prepared.classes):
        return f"its classes are {_listed(manifest.classes)}, not {_listed(prepared.classes)}"
    there = {feature.name: feature for feature in prepared.features}
    unused = cleaning.dropped(manifest.cleaning)
    for feature in manifest.features:
        if feature.name not in unused and not _same(feature, there.get(feature.name)):
            state = "of another kind" if feature.name in there else "not in the table"
            return f"its feature {feature.name} is {state}"
    if isinstance(money, ActionPayoff) and money.priced:
        own = payoff.for_classes(manifest.payoff, manifest.classes).actions
        gone = [action for action in own if action not in money.actions]
        if gone:
            return f"it takes the actions {_listed(gone)}, which the cost matrix has no more"
    return ""


def _same(feature: Feature, other: Feature | None) -> bool:
    return other is not None and (feature.kind, feature.shape) == (other.kind, other.shape)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")


def _answer(scorer: Scorer, batch: Batch) -> tuple[Floats, Any, Floats]:
    """Answer in chunks, so that memory stays bounded: scores, actions, values."""
    answers: list[Answers] = []
    for start in range(0, rows_of(batch), CHUNK):
        chunk = {name: column[start : start + CHUNK] for name, column in batch.items()}
        answers.append(scorer.answer(chunk))
    return (
        np.concatenate([answer.scores for answer in answers]),
        np.concatenate([answer.actions for answer in answers]),
        np.concatenate([answer.values for answer in answers]),
    )
