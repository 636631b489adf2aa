"""Ridge regression: the statistical baseline for numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mdlc.components.training.candidates._base import Dimension, Params
from mdlc.components.training.candidates._sklearn import SklearnCandidate
from mdlc.components.training.problem import Floats
from mdlc.core.model_kind import REGRESSION, ModelKind


class Linear(SklearnCandidate):
    """Least squares with a ridge penalty (Hoerl and Kennard, Technometrics 1970)."""

    about = ModelKind(
        "linear",
        why="The simplest regression; its weights can be read.",
        tasks=REGRESSION,
    )
    scale = True
    space = {"alpha": Dimension(1.0, 1e-3, 1e3, log=True)}

    def estimator(self, params: Params) -> Any:
        """Return scikit-learn's Ridge."""
        from sklearn.linear_model import Ridge

        return Ridge(**params, random_state=self.problem.seed)

    def weights(self, model: Any) -> Floats:
        """Return |coefficient| times the column's standard deviation."""
        weights: Floats = np.abs(model.coef_) * self.train.std(axis=0)
        return weights
