"""The table of the pipeline's parameters, and how each one's value is made from the file.

PARAMETERS is the only place that lists them. Everything else is derived from it:

- which stages read a parameter, and its type, from the stages' wrappers (`stage_interfaces`);
- the training pipeline's signature and wiring (`training_pipeline`);
- a cluster's pipeline, fused or not, and its components (`kubeflow/cluster_pipeline`);
- the values of a run: `arguments` here, `kubeflow/cluster_arguments` for a cluster.

So a new key of the file takes a row here, and an argument in the wrapper of each stage that reads
it, because kfp needs explicit signatures. A stage gets only its own part of the file, so a change
of one section re-runs only the stages that read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mdlc.components.collection.stage import source_digests
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.files import digest_path, read_document
from mdlc.core.spec import Lifecycle
from mdlc.core.spec.base import SpecSection, format_duration
from mdlc.state.workspace import Workspace

Arguments = dict[str, str | float]
STAGES = (
    *("business", "collection", "preparation", "exploration", "selection"),
    *("training", "evaluation", "deployment"),
)
"""In the order in which they run."""
EXPRESSIONS = {"derive", "where"}
"""Keys of a source that only preparation reads: collection copies rows as they are."""


@dataclass(frozen=True)
class Renewal:
    """What a retraining adds to a first training."""

    until: datetime | None = None
    """Only rows before this time are used."""
    feedback: Path | None = None
    """Parquet of predictions with their labels."""
    warm: Path | None = None
    """Bundle whose hyperparameters start the tuning."""
    champion: Path | None = None
    """The serving bundle, with which the new model is compared."""


@dataclass(frozen=True)
class Located:
    """Something that a stage reads in addition to artifacts: its location and its digest."""

    location: str = ""
    """A path, or on a cluster a location in the object store; "" for nothing."""
    digest: str = ""
    """Part of the cache's key; "" if only the step that reads it can know it."""


@dataclass(frozen=True)
class RunInputs:
    """What the arguments of a run are made from, here or on a cluster."""

    lifecycle: Lifecycle
    root: str
    """The folder that relative locations of sources start from."""
    digests: Mapping[str, str]
    """Source -> digest of its bytes."""
    registry: str = ""
    until: datetime | None = None
    feedback: Located = field(default_factory=Located)
    warm: Located = field(default_factory=Located)
    champion: Located = field(default_factory=Located)


@dataclass(frozen=True)
class PipelineParameter:
    """One parameter of the pipeline."""

    name: str
    make: Callable[[RunInputs], str | float]
    feeds: tuple[str, str] | None = None
    """(stage, argument) if only one stage gets the parameter, as an argument of another name.

    None: each stage whose wrapper has an argument of the parameter's name gets it.
    """
    renews: bool = False
    """Whether a first training has no value for it: it is optional, and "" by default."""


def _json(section: SpecSection, *include: str) -> str:
    """Return a section of the file as JSON, all of it or the keys named."""
    return section.model_dump_json(by_alias=True, include=set(include) or None)


def _columns(run: RunInputs) -> str:
    data = run.lifecycle.spec.data
    return json.dumps({"features": data.features, "sensitive": data.sensitive})


def _sources(run: RunInputs) -> str:
    """Return spec.data, still valid, without the keys that only preparation reads."""
    data = run.lifecycle.spec.data
    sources: dict[str, Any] = {
        name: source.model_dump(mode="json", by_alias=True, exclude=EXPRESSIONS, exclude_none=True)
        for name, source in data.sources.items()
    }
    section = {
        "sources": sources,
        "target": "target",
        "sensitive": data.sensitive,
        "limits": data.limits.model_dump(mode="json"),
    }
    return json.dumps(section)


def _payoff(run: RunInputs) -> str:
    payoff = run.lifecycle.spec.business.payoff
    return _json(payoff) if payoff else ""


def _half_life(run: RunInputs) -> str:
    age = run.lifecycle.spec.retrain.half_life
    return format_duration(age) if age and run.feedback.location else ""


def _guard(run: RunInputs) -> str:
    guard = run.lifecycle.spec.retrain.guard
    return _json(guard) if guard and run.feedback.location else ""


_P = PipelineParameter
PARAMETERS = (
    _P("name", lambda run: run.lifecycle.name),
    _P("business", lambda run: _json(run.lifecycle.spec.business)),
    _P("columns", _columns),
    _P("sources", _sources),
    _P("root", lambda run: run.root),
    _P("digests", lambda run: json.dumps(dict(run.digests))),
    _P("data", lambda run: _json(run.lifecycle.spec.data)),
    _P("sensitive", lambda run: json.dumps(run.lifecycle.spec.data.sensitive)),
    _P(
        "table_model",
        lambda run: _json(run.lifecycle.spec.model, "task", "split", "slices"),
        feeds=("preparation", "model"),
    ),
    _P("explore", lambda run: _json(run.lifecycle.spec.explore)),
    _P(
        "contest_model",
        lambda run: _json(run.lifecycle.spec.model, "task", "candidates", "rule"),
        feeds=("selection", "model"),
    ),
    _P(
        "train_model",
        lambda run: _json(run.lifecycle.spec.model, "task", "candidates", "tuning", "rule", "seed"),
        feeds=("training", "model"),
    ),
    _P("payoff", _payoff),
    _P("drift", lambda run: _json(run.lifecycle.spec.monitor.drift)),
    _P("parity", lambda run: run.lifecycle.spec.deploy.promote.parity),
    _P(
        "judge_model",
        lambda run: _json(
            run.lifecycle.spec.model, "slices", "min_slice_rows", "bootstrap", "seed"
        ),
        feeds=("evaluation", "model"),
    ),
    _P("promote", lambda run: _json(run.lifecycle.spec.deploy.promote)),
    _P("registry", lambda run: run.registry),
    _P("feedback", lambda run: run.feedback.location, renews=True),
    _P("feedback_digest", lambda run: run.feedback.digest, renews=True),
    _P("until", lambda run: run.until.isoformat() if run.until else "", renews=True),
    _P("warm", lambda run: run.warm.location, renews=True),
    _P("warm_digest", lambda run: run.warm.digest, renews=True),
    # The half-life weights feedback rows; a first training has none.
    _P("half_life", _half_life, renews=True),
    _P("guard", _guard, renews=True),
    _P("champion", lambda run: run.champion.location, renews=True),
    _P("champion_digest", lambda run: run.champion.digest, renews=True),
    # What was judged before is known to the runner alone (`local/judged_tests`).
    _P("earlier", lambda _: "", renews=True),
)
"""Every parameter of the training pipeline; those of `renews` come last, as optional ones do."""


def parameter_of(stage: str, argument: str) -> str | None:
    """Return the pipeline parameter that a stage's argument gets; None if there is none.

    >>> parameter_of("preparation", "model"), parameter_of("preparation", "data")
    ('table_model', 'data')
    """
    own = [one.name for one in PARAMETERS if one.feeds == (stage, argument)]
    common = [one.name for one in PARAMETERS if one.feeds is None and one.name == argument]
    return next(iter(own + common), None)


def make_arguments(run: RunInputs) -> Arguments:
    """Return the value of each parameter for one run."""
    return {one.name: one.make(run) for one in PARAMETERS}


def arguments(
    lifecycle: Lifecycle,
    *,
    workspace: Workspace,
    renewal: Renewal,
    digests: dict[str, str] | None = None,
) -> Arguments:
    """Return the arguments for a run on this machine.

    Args:
        lifecycle: The lifecycle.
        workspace: Its workspace, for the folder of the file and the registry.
        renewal: What a retraining adds; `Renewal()` for a first training.
        digests: Source -> digest, for sources whose files are not on this machine.
    """
    if digests is None:
        digests = source_digests(lifecycle.spec.data, root=workspace.root)
    feedback = renewal.feedback
    return make_arguments(
        RunInputs(
            lifecycle,
            root=str(workspace.root),
            digests=digests,
            registry=workspace.registry,
            until=renewal.until,
            feedback=Located(str(feedback), digest_path(feedback)) if feedback else Located(),
            warm=_bundle(renewal.warm),
            champion=_bundle(renewal.champion),
        )
    )


def _bundle(path: Path | None) -> Located:
    if path is None:
        return Located()
    return Located(str(path), read_document(path / MANIFEST, Manifest).digest)
