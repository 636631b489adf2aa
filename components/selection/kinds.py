"""The kinds of model that mdlc knows, as data. A new kind is one more row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mdlc.core.spec.model import Task

CLASSES: frozenset[Task] = frozenset({"binary", "multiclass"})
NUMBERS: frozenset[Task] = frozenset({"regression"})


@dataclass(frozen=True)
class Kind:
    """One kind of model, and what it suits."""

    name: str
    tasks: frozenset[Task]
    image: Literal["any", "needed", "refused"]
    """Whether the features must have an image, or must not."""
    deep: bool
    default: bool
    """Takes part where the file names no candidates."""
    why: str
    """Why it exists, in one line."""
    least_rows: int = 0
    """With fewer training rows it takes part only where the file names it."""

    def unsuited(self, task: Task, *, image: bool) -> str:
        """Return why it does not suit the task or the features, "" if it does."""
        if task not in self.tasks:
            return f"{self.name} does not do {task}, it does {', '.join(sorted(self.tasks))}"
        if self.image == "needed" and not image:
            return f"{self.name} needs an image, and no feature is one"
        if self.image == "refused" and image:
            return f"{self.name} does not take images, and a feature is one"
        return ""


RULE = Kind(
    name="rule",
    tasks=CLASSES | NUMBERS,
    image="any",
    deep=False,
    default=True,
    why="What a person would do without ML; a model that does not beat it is not needed.",
)

KINDS = (
    RULE,
    Kind(
        name="logistic",
        tasks=CLASSES,
        image="any",
        deep=False,
        default=True,
        why="The simplest calibrated classifier; its weights can be read.",
    ),
    Kind(
        name="linear",
        tasks=NUMBERS,
        image="any",
        deep=False,
        default=True,
        why="The simplest regression; its weights can be read.",
    ),
    Kind(
        name="lightgbm",
        tasks=CLASSES | NUMBERS,
        image="refused",
        deep=False,
        default=True,
        why="Boosted trees: most often the best on tables, fast on many rows.",
    ),
    Kind(
        name="random_forest",
        tasks=CLASSES | NUMBERS,
        image="refused",
        deep=False,
        default=False,
        why="Averaged trees: hard to overfit, little to tune.",
    ),
    Kind(
        name="hist_gradient_boosting",
        tasks=CLASSES | NUMBERS,
        image="refused",
        deep=False,
        default=False,
        why="scikit-learn's boosted trees, where LightGBM is not wanted.",
    ),
    Kind(
        name="keras_mlp",
        tasks=CLASSES | NUMBERS,
        image="refused",
        deep=True,
        default=True,
        why="A deep network on tables, with learned vectors for categories.",
        # Grinsztajn, Oyallon and Varoquaux, Why do tree-based models still outperform deep learning
        # on tabular data? NeurIPS 2022: on small tables networks lose, and take longest.
        least_rows=2000,
    ),
    Kind(
        name="keras_cnn",
        tasks=CLASSES | NUMBERS,
        image="needed",
        deep=True,
        default=True,
        why="A convolutional network: it sees which pixels are neighbours.",
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}
