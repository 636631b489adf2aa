"""The rule that a person would use: stated in the file, or two questions learnt from the data.

It takes part in every comparison: a model that earns no more than the rule is not worth running.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.training.candidates._base import Candidate, Fitted, Params
from mdlc.components.training.candidates._sklearn import SklearnCandidate
from mdlc.components.training.export_onnx import SCORES, Graph
from mdlc.components.training.problem import Floats, Problem
from mdlc.core.bundle import Format
from mdlc.core.columns import Batch
from mdlc.core.errors import SpecError, StageError, closest
from mdlc.core.model_kind import ModelKind
from mdlc.core.spec.model import RuleCondition

Mask = npt.NDArray[np.bool_]
WHERE = "spec.model.rule.when"


class RuleOfThumb(Candidate):
    """Stated conditions, all of which hold or not; learnt questions where none are stated."""

    about = ModelKind(
        "rule",
        why="What a person would do without ML; a model that does not beat it is not needed.",
    )
    takes_weights = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        for index, condition in enumerate(problem.rule.when):
            _check(condition, problem=problem, where=f"{WHERE}[{index}]")
        self.learnt = None if problem.rule.when else _TwoQuestions(problem)

    def fit(self, params: Params) -> Fitted:
        """Count the training truth on each side of the rule."""
        if self.learnt is not None:
            return self.learnt.fit(params)
        train, validation = self.problem.train, self.problem.validation
        conditions = self.problem.rule.when
        holds = _holds(conditions, train.batch)
        yes, no = self._answer(holds), self._answer(~holds)
        told = np.where(_holds(conditions, validation.batch)[:, None], yes, no)

        def export(folder: Path) -> Format:
            return _export(folder, conditions, yes=yes, no=no)

        return Fitted(
            validated=told if self.problem.classes else told[:, 0],
            export=export,
            description=self._describe(yes, no=no),
        )

    def _answer(self, side: Mask) -> Floats:
        """Return (1, outputs): shares or mean of the training rows on one side.

        A side without training rows gets the shares or mean of all training rows.
        """
        train = self.problem.train
        chosen = side if side.any() else np.ones_like(side)
        rows = train.truth[chosen]
        weights = None if train.weights is None else train.weights[chosen]
        if not self.problem.classes:
            return np.array([[np.average(rows, weights=weights)]], np.float32)
        counts = np.bincount(rows, weights, minlength=self.problem.outputs)
        total = len(rows) if weights is None else weights.sum()
        return (counts / total).astype(np.float32)[None]

    def _describe(self, yes: Floats, *, no: Floats) -> str:
        questions = " and ".join(_words(condition) for condition in self.problem.rule.when)
        answers = [_say(side[0], classes=self.problem.classes) for side in (yes, no)]
        return f"if {questions}: {answers[0]}; otherwise: {answers[1]}"


class _TwoQuestions(SklearnCandidate):
    """A decision tree with at most two questions (Breiman et al., CART, 1984)."""

    about = RuleOfThumb.about

    def estimator(self, params: Params) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        tree = DecisionTreeClassifier if self.problem.classes else DecisionTreeRegressor
        # Three leaves are two questions. A leaf with fewer rows is too rare for a rule of thumb.
        least = max(1, len(self.problem.train) // 100)
        fixed = {"max_leaf_nodes": 3, "min_samples_leaf": least}
        return tree(**fixed, **params, random_state=self.problem.seed)

    def describe(self, model: Any) -> str:
        tree = model.tree_

        # A later bound on the same side of a column is the tighter one, so it replaces the earlier.
        def leaves(node: int, asked: dict[tuple[int, str], str]) -> list[str]:
            left, right = tree.children_left[node], tree.children_right[node]
            if left == right:
                said = _say(tree.value[node][0], classes=self.problem.classes)
                words = " and ".join(asked.values())
                return [f"if {words}: {said}" if asked else f"always: {said}"]
            column = int(tree.feature[node])
            no, yes = self._question(column, bound=float(tree.threshold[node]))
            above = leaves(right, {**asked, (column, "above"): yes})
            return above + leaves(left, {**asked, (column, "below"): no})

        return "; ".join(leaves(0, {}))

    def _question(self, column: int, *, bound: float) -> tuple[str, str]:
        """Return the words for at most, and for above, the bound."""
        name = self.encoder.questions[column]
        if column >= len(self.encoder.owners) - sum(map(len, self.encoder.categories.values())):
            owner, _, level = name.partition(" is ")
            return f"{owner} is not {level}", name
        return f"{name} is at most {bound:g}", f"{name} is above {bound:g}"


def _check(condition: RuleCondition, *, problem: Problem, where: str) -> None:
    """Check that the rule's conditions fit the features.

    Raises:
        SpecError: its column is no feature, or of another kind than the comparison.
        StageError: cleaning drops the column.
    """
    kinds = {feature.name: feature.kind for feature in problem.features}
    name = condition.column
    if name in problem.dropped:
        raise StageError(
            f"the rule asks for {name}, which cleaning drops: {problem.dropped[name]}", where=where
        )
    if name not in kinds:
        raise SpecError(f"{name} is not a feature", where=where, hint=closest(name, kinds))
    wanted = "number" if condition.one_of is None else "category"
    if kinds[name] != wanted:
        raise SpecError(
            f"{name} is a feature of kind {kinds[name]}, and the comparison is for a {wanted}",
            where=where,
            hint="use at_least or below for numbers, one_of for categories",
        )


def _holds(conditions: list[RuleCondition], batch: Batch) -> Mask:
    """Return (rows,): whether all conditions hold. Missing numbers meet none."""
    masks = []
    for condition in conditions:
        column = batch[condition.column]
        if condition.at_least is not None:
            masks.append(column >= np.float32(condition.at_least))
        elif condition.below is not None:
            masks.append(column < np.float32(condition.below))
        else:
            masks.append(np.isin(column.astype(str), condition.one_of or []))
    return np.asarray(np.logical_and.reduce(masks), bool)


def _export(folder: Path, conditions: list[RuleCondition], *, yes: Floats, no: Floats) -> Format:
    graph = Graph()
    texts = {condition.column for condition in conditions if condition.one_of is not None}
    columns = dict.fromkeys(condition.column for condition in conditions)
    inputs = {name: graph.input(name, text=name in texts) for name in columns}
    masks = [_test(graph, condition, name=inputs[condition.column]) for condition in conditions]
    all_hold = masks[0]
    for mask in masks[1:]:
        all_hold = graph.node("And", all_hold, mask)
    graph.node("Where", all_hold, graph.constant(yes), graph.constant(no), to=SCORES)
    return graph.save(folder, columns=yes.shape[1])


def _test(graph: Graph, condition: RuleCondition, *, name: str) -> str:
    if condition.one_of is None:
        operator = "Less" if condition.at_least is None else "GreaterOrEqual"
        bound = condition.below if condition.at_least is None else condition.at_least
        return graph.node(operator, name, graph.constant(np.array(bound, np.float32)))
    levels = list(dict.fromkeys(condition.one_of))
    known = graph.node(
        "LabelEncoder",
        name,
        ml=True,
        keys_strings=levels,
        values_floats=[1.0] * len(levels),
        default_float=0.0,
    )
    return graph.node("Greater", known, graph.constant(np.array(0.5, np.float32)))


def _words(condition: RuleCondition) -> str:
    if condition.at_least is not None:
        return f"{condition.column} is at least {condition.at_least:g}"
    if condition.below is not None:
        return f"{condition.column} is below {condition.below:g}"
    return f"{condition.column} is one of {', '.join(condition.one_of or [])}"


def _say(answer: Floats, *, classes: list[str]) -> str:
    if not classes:
        return f"{answer[0]:g}"
    best = sorted(zip(answer.tolist(), classes, strict=True), reverse=True)[:2]
    return ", ".join(f"{name} {share:.1%}" for share, name in best)
