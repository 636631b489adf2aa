"""Extremely randomised trees: like a random forest, with thresholds drawn at random."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mdlc.components.training.candidates import (
    Dimension,
    ModelKind,
    Params,
    SklearnCandidate,
    SpecSection,
)


class Settings(SpecSection):
    """What is no number, and is not tuned."""

    bootstrap: bool = Field(False, description="Each tree learns from rows drawn with repetition.")


class ExtraTrees(SklearnCandidate):
    """scikit-learn's extra trees (Geurts, Ernst and Wehenkel, Machine Learning 2006)."""

    about = ModelKind(
        "extra_trees",
        why="Randomised trees: faster than a forest, smoother where rows are few.",
        images="refused",
    )
    space = {
        "n_estimators": Dimension(50, least=1),
        "min_samples_leaf": Dimension(5, 2, 100, log=True, least=1),
    }
    settings = Settings

    def estimator(self, params: Params) -> Any:
        """Return scikit-learn's estimator for the task."""
        from sklearn import ensemble

        classes = self.problem.classes
        kind = ensemble.ExtraTreesClassifier if classes else ensemble.ExtraTreesRegressor
        return kind(**params, random_state=self.problem.seed, n_jobs=self.problem.cores)
