"""What kfp forces to be written twice agrees: the wrappers' signatures and the parameter table."""

from __future__ import annotations

import inspect

import pytest

from mdlc.pipelines.stage_arguments import PARAMETERS, STAGES
from mdlc.pipelines.stage_interfaces import parameter_types, stage_interface
from mdlc.pipelines.training_pipeline import training

OPTIONAL = {("training", "part")}
"""Arguments that no parameter feeds: a cluster's pod for one candidate gives them itself."""


@pytest.mark.parametrize("stage", STAGES)
def test_every_argument_of_a_wrapper_is_fed_or_optional(stage: str) -> None:
    interface = stage_interface(stage)
    unfed = set(interface.parameters) - set(interface.fed)
    assert unfed == {argument for of, argument in OPTIONAL if of == stage}
    signature = inspect.signature(interface.wrapper.python_func)
    for argument in unfed:
        assert signature.parameters[argument].default == ""


def test_every_parameter_feeds_a_stage() -> None:
    fed = {name for stage in STAGES for name in stage_interface(stage).fed.values()}
    assert fed == {one.name for one in PARAMETERS}


def test_a_name_for_one_stage_is_an_argument_there() -> None:
    for one in PARAMETERS:
        if one.feeds:
            stage, argument = one.feeds
            assert argument in stage_interface(stage).parameters, one.name


def test_stages_that_read_the_same_parameter_agree_about_its_type() -> None:
    types = parameter_types()
    for stage in STAGES:
        interface = stage_interface(stage)
        for argument, name in interface.fed.items():
            assert interface.parameters[argument] is types[name], (stage, argument)


def test_whatever_a_stage_reads_an_earlier_one_wrote() -> None:
    written: dict[str, str] = {}
    for stage in STAGES:
        interface = stage_interface(stage)
        for artifact, kind in interface.inputs.items():
            assert written[artifact] == kind, (stage, artifact)
        assert interface.output not in written, "a name for each artifact"
        written[interface.output] = interface.output_kind


@pytest.mark.parametrize("stage", STAGES)
def test_a_wrapper_describes_each_of_its_arguments(stage: str) -> None:
    spec = stage_interface(stage).wrapper.component_spec
    silent = [name for name, given in spec.inputs.items() if not given.description]
    assert silent == []
    assert spec.description


def test_optional_parameters_are_those_of_a_retraining_and_come_last() -> None:
    renews = [one.renews for one in PARAMETERS]
    assert renews == sorted(renews)
    inputs = training.component_spec.inputs
    assert {name for name, given in inputs.items() if given.optional} == {
        one.name for one in PARAMETERS if one.renews
    }
