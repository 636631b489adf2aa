"""Every built-in kind of model passes the suite that other packages run on theirs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from mdlc.components.training.candidates import Params
from mdlc.components.training.candidates.candidate_suite import CandidateSuite
from mdlc.core import plugins

SMALL: dict[str, Params] = {
    "keras_mlp": {"epochs": 2},
    "keras_cnn": {"epochs": 2},
    "random_forest": {"n_estimators": 5},
    "lightgbm": {"n_estimators": 10},
    "hist_gradient_boosting": {"max_iter": 5},
}


def suite(kind: str) -> type[CandidateSuite]:
    """Return the suite for a kind; two epochs of a network learn nothing yet."""
    deep = kind.startswith("keras")
    without = pytest.mark.skipif(
        deep and find_spec("tensorflow") is None, reason="mdlc[deep] is not installed"
    )
    members: dict[str, Any] = {
        "kind": kind,
        "small": SMALL.get(kind, {}),
        "learns": not deep,
        "pytestmark": [without],
    }
    return type(f"Test_{kind}", (CandidateSuite,), members)


# A kind that is added to mdlc's entry points is tested without a line here.
globals().update(
    {f"Test_{kind}": suite(kind) for kind in plugins.built_in_names(plugins.CANDIDATES)}
)
