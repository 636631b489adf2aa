"""What every kind of model must do, on every task that it suits: fit, export, answer the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mdlc.components.training.candidates._base import Candidate, Params
from mdlc.components.training.candidates.registry import CANDIDATES
from mdlc.components.training.problem import Problem, TrainingRows
from mdlc.core import bundle
from mdlc.core.columns import Batch, Feature
from mdlc.core.profile import Profile
from mdlc.core.scorer import Scorer
from mdlc.core.spec.business import Payoff
from mdlc.core.spec.model import Rule, Task

CLASSES = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}
SMALL: dict[str, Params] = {
    "keras_mlp": {"epochs": 2},
    "keras_cnn": {"epochs": 2},
    "random_forest": {"n_estimators": 5},
    "lightgbm": {"n_estimators": 10},
    "hist_gradient_boosting": {"max_iter": 5},
}
TABLE = [
    Feature(name="x", kind="number"),
    Feature(name="empty", kind="number"),
    Feature(name="constant", kind="number"),
    Feature(name="place", kind="category"),
]
IMAGE = [Feature(name="image", kind="image", shape=(6, 5, 1))]
CASES = [(kind, task) for kind, made in CANDIDATES.items() for task in sorted(made.tasks)]


def rows(task: Task, *, seed: int, count: int = 300) -> TrainingRows:
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


def problem(task: Task, *, kind: str) -> Problem:
    return Problem(
        task=task,
        classes=CLASSES[task],
        features=IMAGE if kind == "keras_cnn" else TABLE,
        train=rows(task, seed=1),
        validation=rows(task, seed=2),
        rule=Rule(),
        dropped={},
        seed=3,
        cores=1,
    )


def params(candidate: type[Candidate]) -> Params:
    defaults = {name: dimension.default for name, dimension in candidate.space.items()}
    return {**defaults, **SMALL.get(candidate.kind, {})}


def sealed(folder: Path, made: Problem, *, candidate: type[Candidate]) -> Scorer:
    """Fit and export a candidate, and load what was written."""
    fitted = candidate(made).fit(params(candidate))
    folder.mkdir(parents=True)
    manifest = bundle.Manifest(
        name="test",
        candidate=candidate.kind,
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
    # The exported model answers as the trained one, missing values and missing texts included.
    answered = scorer.scores(made.validation.raw)
    assert answered.shape == fitted.validated.shape
    assert np.abs(answered - fitted.validated).max() / unit < 1e-5
    return scorer


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_exports_what_it_learnt(kind: str, task: Task, tmp_path: Path) -> None:
    made = problem(task, kind=kind)
    if CANDIDATES[kind].kind.startswith("keras"):
        pytest.importorskip("tensorflow", reason="mdlc[deep] is not installed")
    scorer = sealed(tmp_path / "one", made, candidate=CANDIDATES[kind])
    answered = scorer.scores(made.validation.raw)
    if made.classes:
        assert answered.shape == (len(made.validation), len(made.classes))
        assert np.allclose(answered.sum(axis=1), 1, atol=1e-5)
        shares = np.bincount(made.validation.truth, minlength=len(made.classes)).max()
        right = (answered.argmax(axis=1) == made.validation.truth).mean()
        if not kind.startswith("keras"):
            assert right > shares / len(made.validation), "worse than the commonest class"

    # A category never seen and a number missing everywhere have an answer as well.
    strange = {name: column[:2].copy() for name, column in made.validation.raw.items()}
    strange["place"][:] = "never seen"
    strange["x"][:] = np.nan
    assert np.isfinite(scorer.scores(strange)).all()

    # One row alone is answered as it is among others.
    alone = {name: column[:1] for name, column in made.validation.raw.items()}
    assert np.allclose(scorer.scores(alone)[0], answered[0], atol=1e-4)


@pytest.mark.parametrize(("kind", "task"), CASES)
def test_the_seed_makes_it_repeatable(kind: str, task: Task) -> None:
    if kind.startswith("keras"):
        pytest.importorskip("tensorflow", reason="mdlc[deep] is not installed")
    made, candidate = problem(task, kind=kind), CANDIDATES[kind]
    one, two = (candidate(made).fit(params(candidate)) for _ in range(2))
    assert np.array_equal(one.validated, two.validated)
    assert one.importance == two.importance


@pytest.mark.parametrize("kind", ["rule", "logistic", "lightgbm", "keras_mlp"])
def test_reads_images_beside_numbers(kind: str, tmp_path: Path) -> None:
    if kind.startswith("keras"):
        pytest.importorskip("tensorflow", reason="mdlc[deep] is not installed")
    made = problem("binary", kind=kind)
    both = Problem(**{**made.__dict__, "features": [*TABLE, *IMAGE]})
    sealed(tmp_path / "one", both, candidate=CANDIDATES[kind])


def test_every_default_is_inside_its_range() -> None:
    for candidate in CANDIDATES.values():
        for name, dimension in candidate.space.items():
            assert dimension.inside(dimension.default) == dimension.default, (candidate.kind, name)
            assert dimension.default >= dimension.least
