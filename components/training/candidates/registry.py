"""All kinds of models that the file may name."""

from __future__ import annotations

from mdlc.components.training.candidates._base import Candidate
from mdlc.components.training.candidates.hist_gradient_boosting import HistGradientBoosting
from mdlc.components.training.candidates.keras_cnn import KerasCnn
from mdlc.components.training.candidates.keras_mlp import KerasMlp
from mdlc.components.training.candidates.lightgbm import LightGbm
from mdlc.components.training.candidates.linear import Linear
from mdlc.components.training.candidates.logistic import Logistic
from mdlc.components.training.candidates.random_forest import RandomForest
from mdlc.components.training.candidates.rule import RuleOfThumb
from mdlc.core.errors import SpecError, closest

CANDIDATES: dict[str, type[Candidate]] = {
    candidate.kind: candidate
    for candidate in (
        RuleOfThumb,
        Logistic,
        Linear,
        LightGbm,
        RandomForest,
        HistGradientBoosting,
        KerasMlp,
        KerasCnn,
    )
}


def find(kind: str, *, where: str) -> type[Candidate]:
    """Return the class of a kind.

    Raises:
        SpecError: there is no such kind.
    """
    if kind not in CANDIDATES:
        raise SpecError(
            f"there is no candidate {kind}", where=where, hint=closest(kind, CANDIDATES)
        )
    return CANDIDATES[kind]
