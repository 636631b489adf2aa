"""What the scikit-learn candidates share: encode once, fit, export with skl2onnx."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar

import numpy as np

from mdlc.components.training import encoding, export_onnx
from mdlc.components.training.candidates._base import Candidate, Fitted, Params, shares
from mdlc.components.training.problem import Floats, Problem


class SklearnCandidate(Candidate):
    """A scikit-learn estimator on the encoder's matrix."""

    scale: ClassVar[bool] = False
    takes_weights = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        batch = problem.train.batch
        self.encoder = encoding.fit(problem.features, batch, scale=self.scale)
        self.train = self.encoder.matrix(batch)
        self.validation = self.encoder.matrix(problem.validation.batch)

    @abstractmethod
    def estimator(self, params: Params) -> Any:
        """Return an estimator that is not fitted."""

    def weights(self, model: Any) -> Floats | None:
        """Return how much each column of the matrix matters, (columns,), or None.

        For trees it is the mean decrease of impurity.
        """
        weights: Floats | None = getattr(model, "feature_importances_", None)
        return weights

    def describe(self, model: Any) -> str:
        """Return a fitted model in words."""
        return f"scikit-learn's {type(model).__name__}"

    def fit(self, params: Params) -> Fitted:
        """Train the estimator."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        model = self.estimator(params)
        with warnings.catch_warnings(), threadpool_limits(self.problem.threads):
            # A solver that stops at max_iter still gives a model; the validation rows judge it.
            warnings.filterwarnings("ignore", message=".*failed to converge.*")
            train = self.problem.train
            model.fit(self.train, train.truth, sample_weight=train.weights)
        if "n_jobs" in model.get_params():
            # Several threads add up a forest's votes in any order; with one the sum is repeatable.
            model.set_params(n_jobs=1)
        weights = self.weights(model)
        return Fitted(
            validated=self._scores(model),
            export=partial(
                export_onnx.save_sklearn,
                encoder=self.encoder,
                model=model,
                columns=self.problem.outputs,
            ),
            description=self.describe(model),
            importance={} if weights is None else shares(self.encoder.owners, weights),
        )

    def _scores(self, model: Any) -> Floats:
        answer = model.predict_proba if self.problem.classes else model.predict
        scores: Floats = np.asarray(answer(self.validation))
        return scores
