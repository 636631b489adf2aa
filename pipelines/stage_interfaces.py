"""Reads what each stage's wrapper declares to kfp: parameters, input artifacts, output artifact.

A wrapper (components/STAGE/component.py) is source text that kfp ships, so its signature has to be
written out there. All other code that needs a stage's arguments reads them from here. Artifacts are
wired by name: a stage with an input `table` gets what the stage with the output `table` wrote.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdlc.pipelines.stage_arguments import PARAMETERS, STAGES, parameter_of


@dataclass(frozen=True)
class StageInterface:
    """A stage as kfp sees it."""

    stage: str
    description: str
    wrapper: Any
    """kfp's component."""
    parameters: Mapping[str, type]
    """Argument -> str or float, in the wrapper's order."""
    inputs: Mapping[str, str]
    """Artifact that it reads -> its class in kfp.dsl, such as Dataset."""
    output: str
    """Artifact that it writes; each stage writes one."""
    output_kind: str

    @property
    def fed(self) -> dict[str, str]:
        """Argument -> pipeline parameter; optional arguments without a parameter are left out."""
        found = {argument: parameter_of(self.stage, argument) for argument in self.parameters}
        return {argument: name for argument, name in found.items() if name is not None}


@functools.cache
def stage_interface(stage: str) -> StageInterface:
    """Read a stage's interface off its wrapper.

    >>> found = stage_interface("preparation")
    >>> found.inputs, found.output, found.fed["model"]
    ({'snapshot': 'Dataset'}, 'table', 'table_model')
    """
    from kfp.dsl.types.type_annotations import InputAnnotation

    wrapper = getattr(importlib.import_module(f"mdlc.components.{stage}.component"), stage)
    hints = typing.get_type_hints(wrapper.python_func, include_extras=True)
    parameters: dict[str, type] = {}
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for name in inspect.signature(wrapper.python_func).parameters:
        kind = hints[name]
        if isinstance(kind, type):
            parameters[name] = kind
            continue
        artifact, direction = typing.get_args(kind)
        there = inputs if direction is InputAnnotation else outputs
        there[name] = artifact.__name__
    ((output, output_kind),) = outputs.items()
    return StageInterface(
        stage=stage,
        description=str(wrapper.component_spec.description),
        wrapper=wrapper,
        parameters=parameters,
        inputs=inputs,
        output=output,
        output_kind=output_kind,
    )


def parameter_types() -> dict[str, type]:
    """Return the type of each pipeline parameter, which is that of the arguments it feeds."""
    types = {
        name: interface.parameters[argument]
        for interface in map(stage_interface, STAGES)
        for argument, name in interface.fed.items()
    }
    return {one.name: types[one.name] for one in PARAMETERS}


def pipeline_function(function: Any, types: Mapping[str, type], *, optional: set[str]) -> Any:
    """Give a function of `*values` an explicit signature, from which kfp makes pipeline inputs."""
    function.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                annotation=kind,
                default="" if name in optional else inspect.Parameter.empty,
            )
            for name, kind in types.items()
        ],
        return_annotation=None,
    )
    return function
