"""The components of a cluster's pipeline: what each pod gets and what it runs.

A stage's component has the arguments of the stage's wrapper, the run's settings, and the artifacts
that KFP's UI shows of the stage. In a fused plan one component runs several stages in sequence.

The bodies call functions of one module, whose name is passed as `entry` because the module is in a
higher layer. What a stage does is in its own wrapper (components/STAGE/component.py), which local
runs use as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mdlc.pipelines.kubeflow.cluster_arguments import LOCAL_ONLY
from mdlc.pipelines.kubeflow.component_source import ComponentSource, call, mapping
from mdlc.pipelines.kubeflow.ui_artifacts import SHOWN
from mdlc.pipelines.stage_interfaces import StageInterface, stage_interface

EPOCH = "collection"
"""The stage whose component gets the epoch, which bounds how old KFP's cached sources may be."""
CONTEST = "contest"


@dataclass(frozen=True)
class ClusterComponent:
    """A component, and which parameters and artifacts of the pipeline it gets."""

    made: Any
    """kfp's component."""
    parameters: dict[str, str]
    """Argument -> the pipeline's parameter, for arguments that are passed by name."""
    inputs: dict[str, str]
    """Input -> the name under which the artifact was written."""
    writes: tuple[str, ...]
    """Artifacts that later components read."""


@dataclass
class _ComponentBuilder:
    """Builds a component by adding the stages and steps that it runs, one after another."""

    name: str
    entry: str
    description: str
    fused: bool = False
    parameters: dict[str, str] = field(default_factory=lambda: {"settings": "str"})
    sources: dict[str, str] = field(default_factory=lambda: {"settings": "settings"})
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    returns: str = "None"

    def take(self, name: str, kind: str, *, source: str) -> str:
        """Add a parameter that the pipeline calls `source`; return its name in the component.

        Fused stages may have different arguments of the same name; then the pipeline's names are
        used.
        """
        name = source if self.fused else name
        self.parameters[name], self.sources[name] = kind, source
        return name

    def show(self, stage: str, artifact: str) -> dict[str, str]:
        """Add the artifacts that KFP's UI shows of a stage; return artifact -> its name here."""
        named = {}
        for shown, kind in SHOWN.get(stage, {}).items():
            named[shown] = f"{artifact}_page" if self.fused and shown == "page" else shown
            self.outputs[named[shown]] = _output(kind)
        return named

    def run(self, stage: StageInterface, *, writes: str = "", **more: str) -> None:
        """Add a stage: its parameters, artifacts, and the call that runs it."""
        given = {name: "''" for name in stage.parameters if name in LOCAL_ONLY}
        for argument, source in stage.fed.items():
            if argument not in LOCAL_ONLY:
                kind = stage.parameters[argument].__name__
                given[argument] = self.take(argument, kind, source=source)
        if stage.stage == EPOCH:
            self.take("epoch", "str", source="epoch")
        known = {name: kind for name, kind in stage.inputs.items() if name not in self.outputs}
        self.inputs |= {name: _input(kind) for name, kind in known.items()}
        written = writes or stage.output
        self.outputs[written] = _output(stage.output_kind)
        self.writes.append(written)
        shown = self.show(stage.stage, written)
        self.body.append(
            call(
                "steps.run",
                repr(stage.stage),
                settings="settings",
                parameters=mapping(given),
                inputs=mapping({name: name for name in stage.inputs}),
                output=f"({stage.output!r}, {written})",
                **({"shows": mapping(shown)} if shown else {}),
                **more,
            )
        )

    def return_kinds(self) -> None:
        """Have the component return the kinds that selection chose, for a loop over them."""
        self.returns = "List[str]"
        self.body.append(f"return {call('steps.kinds', CONTEST, settings='settings')}")

    def finish(self, **inputs: str) -> ClusterComponent:
        """Return the component; `inputs`: input -> artifact written under another name."""
        source = ComponentSource(
            name=self.name,
            description=self.description,
            parameters=self.parameters,
            inputs=self.inputs,
            outputs=self.outputs,
            body=[f"import {self.entry} as steps", "", *self.body],
            returns=self.returns,
        )
        found = {name: inputs.get(name, name) for name in self.inputs}
        return ClusterComponent(source.component(), self.sources, found, tuple(self.writes))


def stage_component(stage: str, *, entry: str) -> ClusterComponent:
    """Return the component of one stage in a pod of its own."""
    interface = stage_interface(stage)
    builder = _ComponentBuilder(stage, entry, interface.description)
    builder.run(interface)
    if stage == "selection":
        builder.return_kinds()
    return builder.finish()


def candidate_component(*, entry: str) -> ClusterComponent:
    """Return the component that trains one kind in a pod of its own; the pipeline passes `kind`."""
    builder = _ComponentBuilder("candidate", entry, "Tune, train and export one contestant.")
    builder.parameters["kind"] = "str"
    builder.run(stage_interface("training"), writes="trained", part="kind")
    return builder.finish()


def assembly_component(*, entry: str) -> ClusterComponent:
    """Return the component that assembles the candidates' parts, `trained`, into one result."""
    stage = stage_interface("training")
    text = "Put the contestants together, as one pod would have trained them."
    builder = _ComponentBuilder("assembly", entry, text)
    builder.run(stage, parts="trained")
    builder.inputs["trained"] = f"dsl.Input[List[dsl.{stage.output_kind}]]"
    return builder.finish()


def front_component(stages: Sequence[str], *, entry: str) -> ClusterComponent:
    """Return the component that runs the stages before training in one pod."""
    text = "Run business to selection, one after another; return the kinds that take part."
    builder = _ComponentBuilder("front", entry, text, fused=True)
    for stage in stages:
        builder.run(stage_interface(stage))
    builder.return_kinds()
    return builder.finish()


def back_component(stages: Sequence[str], *, entry: str) -> ClusterComponent:
    """Return the component that runs the stages after training, and the release, in one pod."""
    text = "Run evaluation, deployment and release, one after another."
    builder = _ComponentBuilder("back", entry, text, fused=True)
    for stage in stages:
        if stage == "release":
            _release(builder, deployed="release")
        else:
            builder.run(stage_interface(stage))
    return builder.finish()


def release_component(*, entry: str) -> ClusterComponent:
    """Return the step that copies a promoted bundle and moves the pointer."""
    text = (
        "Copy a promoted bundle to the artifact root and move the pointer that predictors follow."
    )
    builder = _ComponentBuilder("release", entry, text)
    builder.inputs |= {"verdict": _input("Artifact"), "deployed": _input("Model")}
    _release(builder, deployed="deployed")
    return builder.finish(deployed="release")


def gate_component(*, entry: str) -> ClusterComponent:
    """Return the step that waits for a canary's judgement."""
    text = "Wait until a canary is judged, and promote it or roll it back."
    builder = _ComponentBuilder("gate", entry, text)
    builder.inputs |= {"outcome": _input("Artifact")}
    terms = builder.take("gate", "str", source="gate")
    _closing(builder, "gate", writes="judged", terms=terms, outcome="outcome")
    return builder.finish()


def report_component(*, entry: str) -> ClusterComponent:
    """Return the exit handler, which records how the run ended, also if it failed."""
    text = (
        "Write down how the run ended, whatever became of it: runs/RUN.json in the artifact root."
    )
    builder = _ComponentBuilder("report", entry, text)
    builder.take("run_id", "str", source="run_id")
    builder.parameters["status"] = "dsl.PipelineTaskFinalStatus"
    _closing(builder, "report", writes="", error="status.error_message or ''")
    return builder.finish()


def _release(builder: _ComponentBuilder, *, deployed: str) -> None:
    _closing(builder, "release", writes="outcome", verdict="verdict", deployed=deployed)


def _closing(builder: _ComponentBuilder, function: str, *, writes: str, **given: str) -> None:
    """Add the call of a step that is not a stage; it gets the run's id and writes a page."""
    builder.take("run_id", "str", source="run_id")
    if writes:
        builder.outputs[writes] = _output("Artifact")
        builder.writes.append(writes)
        given[writes] = writes
    page = f"{writes}_page" if builder.fused else "page"
    builder.outputs[page] = _output("Markdown")
    builder.body.append(
        call(f"steps.{function}", settings="settings", run_id="run_id", **given, page=page)
    )


def _input(kind: str) -> str:
    return f"dsl.Input[dsl.{kind}]"


def _output(kind: str) -> str:
    return f"dsl.Output[dsl.{kind}]"
