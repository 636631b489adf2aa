"""A trained model becomes a sealed bundle: export, parity, profile, manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mdlc.components.training import parity
from mdlc.components.training.judging import Judge
from mdlc.components.training.problem import Floats, Problem, TrainingRows
from mdlc.components.training.tuning import SearchResult
from mdlc.core import bundle, profile
from mdlc.core.bundle import Manifest
from mdlc.core.cleaning import Decision
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.profile import PREDICTION, BinnedSeries, Profile
from mdlc.core.scorer import Scorer
from mdlc.core.spec.business import Payoff
from mdlc.core.version import VERSION

ROWS = 50_000
"""Validation rows, evenly spread, on which the exported model is compared; more only take time."""


@dataclass(frozen=True)
class Packer:
    """What all bundles of a run share."""

    name: str
    document: Prepared
    problem: Problem
    judge: Judge
    payoff: Payoff | None
    cleaning: list[Decision]
    bins: int
    parity: float
    """Largest difference allowed."""

    def pack(self, folder: Path, *, kind: str, found: SearchResult) -> Manifest:
        """Write the bundle of a candidate's best trial into the empty `folder`.

        Raises:
            StageError: the exported model does not answer as the trained one. Whatever the export
                raises comes through as it is.
        """
        series = self._features()
        draft = Manifest(
            name=self.name,
            candidate=kind,
            task=self.problem.task,
            format=found.fitted.export(folder),
            features=self.document.features,
            cleaning=self.cleaning,
            classes=self.problem.classes,
            payoff=self.payoff,
            offset=self.judge.offset(found.fitted.validated),
            params=found.params,
            description=found.fitted.description,
            parity=0.0,
            trained_rows=len(self.problem.train),
            trained_until=self.document.boundaries.get("validation"),
            tested_from=self.document.boundaries.get("test"),
            tested_ratio=self.document.test_ratio,
            code_version=VERSION,
        )
        rows = len(self.problem.train)
        # Sealed twice: a bundle must be complete to answer, and its answers become part of it.
        bundle.seal(folder, draft, profile=Profile(rows=rows, series=series))
        trained, answered = self._ask(folder, found=found)
        differs = parity.difference(trained, answered, unit=parity.unit_of(self.problem))
        if differs > self.parity:
            raise parity.ParityError(differs, allowed=self.parity)
        series.append(self._predictions(answered, offset=draft.offset))
        final = draft.model_copy(update={"parity": differs})
        return bundle.seal(folder, final, profile=Profile(rows=rows, series=series))

    def _ask(self, folder: Path, *, found: SearchResult) -> tuple[Floats, Floats]:
        """Return the trained and the exported model's scores of the same validation rows."""
        trained = found.fitted.validated
        rows = np.unique(np.linspace(0, len(trained) - 1, ROWS).astype(int))
        raw = {name: column[rows] for name, column in self.problem.validation.raw.items()}
        return trained[rows], Scorer.load(folder, threads=self.problem.threads).scores(raw)

    def _features(self) -> list[BinnedSeries]:
        """Return a series for each feature that is used: raw training rows, before cleaning."""
        train: TrainingRows = self.problem.train
        return [
            profile.make(feature, train.raw[feature.name], bins=self.bins)
            for feature in self.problem.features
        ]

    def _predictions(self, scores: Floats, *, offset: float) -> BinnedSeries:
        """Return the series of the prediction, as the predictor counts it.

        Binary: the probability of the second class; multiclass: the class with the highest; a
        number: with its offset. It is counted on validation rows, because every model is too
        confident on training rows, so live predictions would look like drift; and on the exported
        model's answers, because a float64 at the edge of a bin may be in another bin as a float32.
        """
        classes = self.problem.classes
        if len(classes) > 2:
            names = np.array(classes, dtype=object)[scores.argmax(axis=1)]
            return profile.make_category(PREDICTION, names)
        values = scores[:, 1] if classes else scores + offset
        return profile.make_number(PREDICTION, np.asarray(values, np.float64), bins=self.bins)
