"""Logistic regression: the statistical baseline that is hard to beat on little data."""

from __future__ import annotations

from typing import Any

import numpy as np

from mdlc.components.training.candidates._base import Dimension, Params
from mdlc.components.training.candidates._sklearn import SklearnCandidate
from mdlc.components.training.problem import Floats
from mdlc.core.model_kind import CLASSIFICATION, ModelKind


class Logistic(SklearnCandidate):
    """Multinomial logistic regression with a ridge penalty (Hastie et al., ESL, 4.4)."""

    about = ModelKind(
        "logistic",
        why="The simplest calibrated classifier; its weights can be read.",
        tasks=CLASSIFICATION,
    )
    scale = True
    space = {
        "C": Dimension(1.0, 1e-3, 1e2, log=True, least=1e-12),
        "max_iter": Dimension(300, least=1),
    }

    def estimator(self, params: Params) -> Any:
        """Return scikit-learn's LogisticRegression with the L-BFGS solver."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(**params, tol=1e-3, random_state=self.problem.seed)

    def weights(self, model: Any) -> Floats:
        """Return |coefficient| times the column's standard deviation, mean over classes."""
        weights: Floats = np.abs(model.coef_).mean(axis=0) * self.train.std(axis=0)
        return weights
