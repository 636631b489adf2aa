"""A cluster's components take what the wrappers take; a new key touches the table and a wrapper."""

from __future__ import annotations

import ast
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import mdlc
from mdlc.cluster import step_entry
from mdlc.pipelines.kubeflow import cluster_components as components
from mdlc.pipelines.kubeflow.cluster_pipeline import BACK, FRONT
from mdlc.pipelines.stage_arguments import STAGES
from mdlc.pipelines.stage_interfaces import stage_interface

ENTRY = step_entry.__name__
TOLD = {"settings", "epoch"}
COMPILE = """
import sys
from pathlib import Path
from mdlc.cluster import step_entry
from mdlc.core.spec.cluster import Cluster
from mdlc.pipelines.compile_training import compile_training
from mdlc.pipelines.kubeflow.cluster_pipeline import build
from kfp import compiler

out = Path(sys.argv[1])
compile_training(out, code="x").rename(out / "local.yaml")
for fuse in ("none", "light"):
    made = build(Cluster(), name="x", fuse=fuse, fresh=False, entry=step_entry.__name__)
    compiler.Compiler().compile(made, str(out / f"{fuse}.yaml"))
"""


def text_of(component: components.ClusterComponent) -> str:
    """Return the source that the pod runs."""
    return str(component.made.component_spec.implementation.container.command[-1])


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_in_a_pod_of_its_own_takes_what_its_wrapper_takes(stage: str) -> None:
    made, interface = components.stage_component(stage, entry=ENTRY), stage_interface(stage)
    taken = {argument: name for argument, name in interface.fed.items() if name != "registry"}
    assert {k: v for k, v in made.parameters.items() if k not in TOLD} == taken
    assert set(made.inputs) == set(interface.inputs)
    assert made.writes == (interface.output,)


def test_a_fused_pod_takes_the_pipeline_s_names_for_they_differ() -> None:
    front = components.front_component(FRONT, entry=ENTRY)
    assert all(name == source for name, source in front.parameters.items())
    assert {"table_model", "contest_model"} <= set(front.parameters)
    assert front.writes == ("case", "snapshot", "table", "findings", "contest")
    assert front.inputs == {}, "what one writes for another stays in the pod"
    back = components.back_component(BACK, entry=ENTRY)
    assert set(back.inputs) == {"table", "findings", "models"}


@pytest.mark.parametrize("name", ["release", "gate", "report", "candidate", "assembly"])
def test_a_body_calls_the_entry_that_was_handed_down(name: str) -> None:
    make = getattr(components, f"{name}_component")
    tree = ast.parse(text_of(make(entry="mdlc.other.steps")))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported == {"kfp", "mdlc.other.steps"}


@pytest.mark.parametrize(
    "made",
    [
        *(components.stage_component(stage, entry=ENTRY) for stage in STAGES),
        components.candidate_component(entry=ENTRY),
        components.assembly_component(entry=ENTRY),
        components.front_component(FRONT, entry=ENTRY),
        components.back_component(BACK, entry=ENTRY),
        components.release_component(entry=ENTRY),
        components.gate_component(entry=ENTRY),
        components.report_component(entry=ENTRY),
    ],
    ids=lambda made: made.made.name,
)
def test_each_call_names_a_function_of_the_entry_and_what_it_takes(made: Any) -> None:
    """A misspelled name would fail in the pod alone: no type checker reads the text."""
    calls = [
        node
        for node in ast.walk(ast.parse(text_of(made)))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("steps.")
    ]
    assert calls
    for node in calls:
        function = getattr(step_entry, ast.unparse(node.func).removeprefix("steps."))
        given = {str(keyword.arg): None for keyword in node.keywords}
        inspect.signature(function).bind(*node.args, **given)


def test_a_new_key_is_a_row_and_an_argument_of_the_wrapper(tmp_path: Path) -> None:
    """Two places are edited in a copy; every pipeline then hands the key to the stage."""
    root = tmp_path / "src/mdlc"
    ignored = shutil.ignore_patterns("*.pyc", "__pycache__")
    shutil.copytree(Path(mdlc.__file__).parent, root, ignore=ignored)
    edit(
        root / "pipelines/stage_arguments.py",
        '    _P("explore",',
        '    _P("zones", lambda run: "UTC"),\n    _P("explore",',
    )
    wrapper = root / "components/exploration/component.py"
    edit(wrapper, "    explore: str,\n", "    explore: str,\n    zones: str,\n")
    edit(wrapper, "        explore: spec", "        zones: Zones of time.\n        explore: spec")
    subprocess.run(
        [sys.executable, "-c", COMPILE, str(tmp_path)],
        env={"PYTHONPATH": str(root.parent), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    readers = {"local": {"exploration"}, "none": {"exploration"}, "light": {"front"}}
    for name, expected in readers.items():
        ir = next(yaml.safe_load_all((tmp_path / f"{name}.yaml").read_text()))
        assert "zones" in ir["root"]["inputDefinitions"]["parameters"]
        life = ir["components"].get("comp-exit-handler-1", ir["root"])["dag"]["tasks"]
        given = {k: v.get("inputs", {}).get("parameters", {}) for k, v in life.items()}
        assert {task for task, inputs in given.items() if "zones" in inputs} == expected


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))
