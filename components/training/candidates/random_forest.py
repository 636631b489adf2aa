"""Random forest: many deep trees that vote; little to tune."""

from __future__ import annotations

from typing import Any

from mdlc.components.training.candidates._base import Dimension, Params
from mdlc.components.training.candidates._sklearn import SklearnCandidate
from mdlc.core.model_kind import ModelKind


class RandomForest(SklearnCandidate):
    """Breiman's random forest (Machine Learning 2001)."""

    about = ModelKind(
        "random_forest",
        why="Averaged trees: hard to overfit, little to tune.",
        images="refused",
    )
    space = {
        "n_estimators": Dimension(100, least=1),
        "min_samples_leaf": Dimension(10, 2, 200, log=True, least=1),
        "max_features": Dimension(0.3, 0.1, 1.0, least=1e-6),
        "max_depth": Dimension(16, 4, 20, least=1),
    }

    def estimator(self, params: Params) -> Any:
        """Return scikit-learn's forest for the task."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        forest = RandomForestClassifier if self.problem.classes else RandomForestRegressor
        return forest(**params, random_state=self.problem.seed, n_jobs=self.problem.cores)
