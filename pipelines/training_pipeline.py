"""The training pipeline, from the business case to registration; a retraining runs it as well.

The wiring is by name. Each stage is given the parameters that its wrapper declares, and the
artifacts that earlier stages wrote:

    business                                     case
    collection                                   snapshot
    preparation   <- snapshot                    table
    exploration   <- table                       findings
    selection     <- table                       contest
    training      <- table, findings, contest    models
    evaluation    <- table, models               verdict
    deployment    <- verdict, models             release
"""

from __future__ import annotations

from typing import Any

from kfp import dsl

from mdlc.pipelines.stage_arguments import PARAMETERS, STAGES
from mdlc.pipelines.stage_interfaces import parameter_types, pipeline_function, stage_interface


def _wire(*values: Any) -> None:
    """Create a task for each stage."""
    given = dict(zip((one.name for one in PARAMETERS), values, strict=True))
    artifacts: dict[str, Any] = {}
    for stage in STAGES:
        interface = stage_interface(stage)
        task = interface.wrapper(
            **{argument: given[name] for argument, name in interface.fed.items()},
            **{name: artifacts[name] for name in interface.inputs},
        )
        artifacts[interface.output] = task.output


training = dsl.pipeline(
    pipeline_function(
        _wire, parameter_types(), optional={one.name for one in PARAMETERS if one.renews}
    ),
    name="mdlc-training",
    description="From requirements to a registered model.",
)
"""The pipeline as kfp's component."""
