"""LightGBM: gradient-boosted trees, mostly the best on tables."""

from __future__ import annotations

from functools import partial

import numpy as np

from mdlc.components.training import encoding, export_onnx
from mdlc.components.training.candidates._base import Candidate, Dimension, Fitted, Params, shares
from mdlc.components.training.problem import Floats, Problem
from mdlc.core.model_kind import ModelKind

OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
PATIENCE = 30


class LightGbm(Candidate):
    """Gradient boosting with histograms (Ke et al., LightGBM, NeurIPS 2017).

    Rows are binned once for all trials; the number of trees is found by early stopping on the
    validation rows. Categories are one-hot: LightGBM bundles such columns, and they export.
    """

    about = ModelKind(
        "lightgbm",
        why="Boosted trees: most often the best on tables, fast on many rows.",
        images="refused",
    )
    takes_weights = True
    space = {
        "learning_rate": Dimension(0.1, 0.02, 0.3, log=True, least=1e-6),
        "num_leaves": Dimension(31, 7, 127, log=True, least=2),
        "min_data_in_leaf": Dimension(20, 5, 200, log=True, least=1),
        "feature_fraction": Dimension(1.0, 0.4, 1.0, least=1e-6),
        "lambda_l2": Dimension(1e-3, 1e-3, 10.0, log=True),
        "n_estimators": Dimension(500, least=1),
    }

    def __init__(self, problem: Problem) -> None:
        import lightgbm

        super().__init__(problem)
        train, validation = problem.train, problem.validation
        self.encoder = encoding.fit(problem.features, train.batch, keep_missing=True)
        self.matrix = self.encoder.matrix(validation.batch)
        # feature_pre_filter would fix min_data_in_leaf to that of the first trial.
        self.fixed = {
            "objective": OBJECTIVES[problem.task],
            "num_class": problem.outputs if problem.task == "multiclass" else 1,
            "seed": problem.seed,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "num_threads": problem.threads,
            "verbosity": -1,
        }
        self.rows = lightgbm.Dataset(
            self.encoder.matrix(train.batch),
            train.truth,
            weight=train.weights,
            params=self.fixed,
            free_raw_data=False,
        )
        self.held_out = self.rows.create_valid(self.matrix, validation.truth)

    def fit(self, params: Params) -> Fitted:
        """Boost until the validation loss has not fallen for PATIENCE trees."""
        import lightgbm

        tuned = {name: value for name, value in params.items() if name != "n_estimators"}
        booster = lightgbm.train(
            {**self.fixed, **tuned},
            self.rows,
            num_boost_round=int(params["n_estimators"]),
            valid_sets=[self.held_out],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        trees = booster.best_iteration or booster.num_trees()
        return Fitted(
            validated=self._two_columns(np.asarray(booster.predict(self.matrix))),
            export=partial(
                export_onnx.save_lightgbm,
                encoder=self.encoder,
                booster=booster,
                columns=self.problem.outputs,
            ),
            description=f"{trees} rounds of boosting",
            importance=shares(
                self.encoder.owners, np.asarray(booster.feature_importance("gain"), float)
            ),
        )

    def _two_columns(self, scores: Floats) -> Floats:
        if self.problem.task != "binary":
            return scores
        return np.stack([1 - scores, scores], axis=1)
