"""Kinds of models, one file each; `pyproject.toml` lists them as entry points.

What another package needs to add a kind is importable from here; `candidate_suite` has the tests
that every kind must pass. docs/plugins.md has a complete example.
"""

from mdlc.components.training.candidates._base import Candidate, Dimension, Fitted, Params, shares
from mdlc.components.training.candidates._sklearn import SklearnCandidate
from mdlc.components.training.problem import Problem, TrainingRows
from mdlc.core.model_kind import CLASSIFICATION, REGRESSION, ModelKind
from mdlc.core.spec.base import SpecSection

__all__ = [
    "CLASSIFICATION",
    "REGRESSION",
    "Candidate",
    "Dimension",
    "Fitted",
    "ModelKind",
    "Params",
    "Problem",
    "SklearnCandidate",
    "SpecSection",
    "TrainingRows",
    "shares",
]
