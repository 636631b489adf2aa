"""Tests of what every kind of model must do, which any package can run on its own kind.

A package that adds a kind of model puts this into its tests, and pytest runs each test on each task
that the kind suits:

    from mdlc.components.training.candidates.candidate_suite import CandidateSuite

    class TestNearestNeighbours(CandidateSuite):
        kind = "knn"

mdlc runs the same suite on its own kinds. It tests that the exported model answers as the trained
one, also for missing values, texts never seen and single rows; that the seed makes a model
repeatable; and that the search starts inside its ranges.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mdlc.components.training.candidates._base import Candidate, Params
from mdlc.components.training.candidates.registry import find_candidate
from mdlc.components.training.problem import Problem, TrainingRows
from mdlc.core import bundle
from mdlc.core.columns import Batch, Feature
from mdlc.core.profile import Profile
from mdlc.core.scorer import Scorer
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Rule, Task

CLASSES = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}
TABLE = [
    Feature(name="x", kind="number"),
    Feature(name="empty", kind="number"),
    Feature(name="constant", kind="number"),
    Feature(name="place", kind="category"),
]
IMAGE = [Feature(name="image", kind="image", shape=(6, 5, 1))]


class CandidateSuite:
    """Tests of one kind of model; a subclass whose name starts with Test names it."""

    kind: ClassVar[str]
    """The name of its entry point."""
    small: ClassVar[Params] = {}
    """Hyperparameters that make the tests fast; the others have their defaults."""
    learns: ClassVar[bool] = True
    """Whether, with `small`, it must be right more often than always the commonest class."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Run each test that asks for a task on every task that the kind suits."""
        if "task" in metafunc.fixturenames:
            metafunc.parametrize("task", sorted(self.candidate().about.tasks))

    @classmethod
    def candidate(cls) -> type[Candidate]:
        """Return the class, through its entry point."""
        return find_candidate(cls.kind, where="spec.model.candidates")

    def test_exports_what_it_learnt(self, task: Task, tmp_path: Path) -> None:
        """The exported model answers as the trained one, for every kind of value."""
        made = self._problem(task)
        scorer = self._sealed(tmp_path / "one", made)
        answered = scorer.scores(made.validation.raw)
        if made.classes:
            assert answered.shape == (len(made.validation), len(made.classes))
            assert np.allclose(answered.sum(axis=1), 1, atol=1e-5)
            commonest = np.bincount(made.validation.truth, minlength=len(made.classes)).max()
            right = (answered.argmax(axis=1) == made.validation.truth).mean()
            better = right > commonest / len(made.validation)
            assert better or not self.learns, "worse than the commonest class"
        strange = {name: column[:2].copy() for name, column in made.validation.raw.items()}
        strange["place"][:] = "never seen"
        strange["x"][:] = np.nan
        assert np.isfinite(scorer.scores(strange)).all()
        alone = {name: column[:1] for name, column in made.validation.raw.items()}
        assert np.allclose(scorer.scores(alone)[0], answered[0], atol=1e-4)

    def test_the_seed_makes_it_repeatable(self, task: Task) -> None:
        """Two trainings of the same rows give the same scores and the same importance."""
        made = self._problem(task)
        one, two = (self.candidate()(made).fit(self._params()) for _ in range(2))
        assert np.array_equal(one.validated, two.validated)
        assert one.importance == two.importance

    def test_reads_images_beside_numbers(self, task: Task, tmp_path: Path) -> None:
        """A kind that declares that any features suit it accepts an image among others."""
        if self.candidate().about.images == "any":
            self._sealed(tmp_path / "one", small_problem(task, features=[*TABLE, *IMAGE]))

    def test_it_heeds_the_weights_if_it_says_so(self, task: Task) -> None:
        """Other weights lead to another model; a kind that ignores weights is refused with them.

        `takes_weights` says which of the two applies.
        """
        if not self.candidate().takes_weights:
            return
        made = self._problem(task)
        flat = self.candidate()(made).fit(self._params()).validated
        third = np.where(np.arange(len(made.train)) % 3 == 0, 2.9, 0.05)
        heavy = replace(made, train=replace(made.train, weights=third))
        aged = self.candidate()(heavy).fit(self._params()).validated
        assert not np.allclose(flat, aged, atol=1e-4)

    def test_it_declares_itself(self) -> None:
        """The declaration gives its reason, and the search starts inside its ranges."""
        candidate = self.candidate()
        assert candidate.about.why
        assert candidate.about.tasks
        for name, dimension in candidate.space.items():
            assert dimension.inside(dimension.default) == dimension.default, name
            assert dimension.default >= dimension.least, name
        assert candidate.read_params(self.small, where="") == self.small

    def _params(self) -> Params:
        return {**self.candidate().defaults(), **self.small}

    def _problem(self, task: Task) -> Problem:
        image = self.candidate().about.images == "needed"
        return small_problem(task, features=IMAGE if image else TABLE)

    def _sealed(self, folder: Path, made: Problem) -> Scorer:
        """Fit and export, load what was written, and compare the two."""
        fitted = self.candidate()(made).fit(self._params())
        folder.mkdir(parents=True)
        manifest = bundle.Manifest(
            name="test",
            candidate=self.kind,
            task=made.task,
            format=fitted.export(folder),
            features=made.features,
            cleaning=[],
            classes=made.classes,
            payoff=Payoff(right=1, wrong=-1) if made.classes else Payoff(under=-2, over=-1),
            parity=0,
            trained_rows=len(made.train),
        )
        bundle.seal(folder, manifest, profile=Profile(rows=0, series=[]))
        scorer = Scorer.load(folder, threads=1)
        unit = 1.0 if made.classes else float(made.train.truth.std())
        answered = scorer.scores(made.validation.raw)
        assert answered.shape == fitted.validated.shape
        assert np.abs(answered - fitted.validated).max() / unit < 1e-5
        return scorer


def small_problem(task: Task, *, features: list[Feature] = TABLE) -> Problem:
    """Return 300 rows to learn from and 300 others to be judged by."""
    return Problem(
        task=task,
        classes=CLASSES[task],
        features=features,
        train=_rows(task, seed=1),
        validation=_rows(task, seed=2),
        rule=Rule(),
        dropped={},
        seed=3,
        cores=1,
    )


def _rows(task: Task, *, seed: int, count: int = 300) -> TrainingRows:
    """Return rows with missing numbers, an empty and a constant column, texts, and an image."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=count).astype(np.float32)
    place = np.array(["", "east", "north", "ünï côde"], object)[draw.integers(0, 4, count)]
    z = x + (place == "east") + draw.normal(0, 0.3, count)
    image = draw.random((count, 6, 5, 1)).astype(np.float32)
    image[:, :3] += np.clip(z, -1, 1).astype(np.float32)[:, None, None, None]
    x[draw.random(count) < 0.1] = np.nan
    batch: Batch = {
        "x": x,
        "empty": np.full(count, np.nan, np.float32),
        "constant": np.full(count, 7, np.float32),
        "place": place,
        "image": image,
    }
    truth = {"binary": z > 0, "multiclass": np.digitize(z, [-0.5, 0.5]), "regression": 50 * z + 9}
    kind = np.float64 if task == "regression" else np.int64
    return TrainingRows(batch, batch, truth[task].astype(kind))
