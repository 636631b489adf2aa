"""From the file to the pipeline's arguments: each stage gets only its own part.

So a change of one section re-runs only the stages that read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mdlc.components.collection.stage import source_digests
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.files import digest_path, read_document
from mdlc.core.spec import Lifecycle, Retrain
from mdlc.core.spec.base import SpecSection, format_duration
from mdlc.state.workspace import Workspace

Arguments = dict[str, str | float]
READING = {"csv", "tsv", "json_", "parquet", "header", "nulls", "types"}
"""Keys of a source that collection needs; the others are preparation's."""


@dataclass(frozen=True)
class Renewal:
    """What a retraining adds to a first training."""

    until: datetime | None = None
    """Rows from here on are the future."""
    feedback: Path | None = None
    """Parquet of predictions with their labels."""
    warm: Path | None = None
    """Bundle whose hyperparameters start the tuning."""
    champion: Path | None = None
    """The serving bundle, to be beaten."""


def arguments(
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    renewal: Renewal,
    digests: dict[str, str] | None = None,
) -> Arguments:
    """Return the pipeline's arguments for one run; `digests` of sources that are not here."""
    spec = lifecycle.spec
    if digests is None:
        digests = source_digests(spec.data, root=workspace.root)
    named = {"features": spec.data.features, "sensitive": spec.data.sensitive}
    return {
        "name": lifecycle.name,
        "business": _json(spec.business),
        "columns": json.dumps(named),
        "sources": _sources(lifecycle),
        "root": str(workspace.root),
        "digests": json.dumps(digests),
        "data": _json(spec.data),
        "sensitive": json.dumps(spec.data.sensitive),
        "table_model": _json(spec.model, {"task", "split", "slices"}),
        "explore": _json(spec.explore),
        "contest_model": _json(spec.model, {"task", "candidates", "rule"}),
        "train_model": _json(spec.model, {"task", "candidates", "tuning", "rule", "seed"}),
        "payoff": _json(spec.business.payoff) if spec.business.payoff else "",
        "drift": _json(spec.monitor.drift),
        "parity": spec.deploy.promote.parity,
        "judge_model": _json(spec.model, {"slices", "min_slice_rows", "bootstrap", "seed"}),
        "deploy": _json(spec.deploy, {"promote"}),
        "registry": workspace.registry,
        "feedback": str(renewal.feedback or ""),
        "feedback_digest": digest_path(renewal.feedback) if renewal.feedback else "",
        "until": renewal.until.isoformat() if renewal.until else "",
        "warm": str(renewal.warm or ""),
        "warm_digest": _digest(renewal.warm),
        "champion": str(renewal.champion or ""),
        "champion_digest": _digest(renewal.champion),
        **of_retraining(spec.retrain, feedback=renewal.feedback is not None),
    }


def of_retraining(retrain: Retrain, *, feedback: bool) -> Arguments:
    """Return what of spec.retrain the stages read: nothing of it is for a first training."""
    if not feedback:
        return {"half_life": "", "guard": ""}
    return {
        "half_life": format_duration(retrain.half_life) if retrain.half_life else "",
        "guard": _json(retrain.guard) if retrain.guard else "",
    }


def _json(section: SpecSection, include: set[str] | None = None) -> str:
    return section.model_dump_json(by_alias=True, include=include)


def _sources(lifecycle: Lifecycle) -> str:
    """Return spec.data without what only preparation reads, still a valid section."""
    data = lifecycle.spec.data
    sources: dict[str, Any] = {
        name: source.model_dump(mode="json", by_alias=True, include=READING, exclude_none=True)
        for name, source in data.sources.items()
    }
    return json.dumps({"sources": sources, "target": "target"})


def _digest(bundle: Path | None) -> str:
    return read_document(bundle / MANIFEST, Manifest).digest if bundle else ""
