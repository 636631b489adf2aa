"""scikit-learn's histogram gradient boosting.

skl2onnx does not convert every release of it. If it cannot, the candidate is refused with
skl2onnx's reason after one trial, because mdlc never stores models as pickles.
"""

from __future__ import annotations

from typing import Any

from mdlc.components.training.candidates._base import Dimension, Params
from mdlc.components.training.candidates._sklearn import SklearnCandidate
from mdlc.core.model_kind import ModelKind


class HistGradientBoosting(SklearnCandidate):
    """Gradient boosting on binned columns (Ke et al., NeurIPS 2017, as in scikit-learn)."""

    about = ModelKind(
        "hist_gradient_boosting",
        why="scikit-learn's boosted trees, where LightGBM is not wanted.",
        images="refused",
    )
    export_in_doubt = True
    space = {
        "learning_rate": Dimension(0.1, 0.01, 0.3, log=True, least=1e-6),
        "max_leaf_nodes": Dimension(31, 7, 127, log=True, least=2),
        "min_samples_leaf": Dimension(20, 5, 200, log=True, least=1),
        "max_iter": Dimension(100, least=1),
    }

    def estimator(self, params: Params) -> Any:
        """Return scikit-learn's estimator for the task."""
        from sklearn import ensemble

        if self.problem.classes:
            return ensemble.HistGradientBoostingClassifier(**params, random_state=self.problem.seed)
        return ensemble.HistGradientBoostingRegressor(**params, random_state=self.problem.seed)
