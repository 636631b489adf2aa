"""The pipeline of one lifecycle for a cluster: the stages wired as in training_pipeline, in pods.

It has all arguments of the local pipeline, so nothing that differs between runs is compiled in;
only the settings of pods in spec.cluster are. `entry` is the name of the module whose functions run
in the pods (`mdlc.cluster.step_entry`); the layer above passes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mdlc.core.spec.cluster import Cluster
from mdlc.pipelines.kubeflow.cluster_arguments import CLUSTER_ONLY, LOCAL_ONLY
from mdlc.pipelines.kubeflow.pod_config import configure_pod, for_assembly
from mdlc.pipelines.stage_arguments import PARAMETERS as STAGES_PARAMETERS
from mdlc.pipelines.stage_arguments import STAGES

PARAMETERS = (
    *CLUSTER_ONLY,
    *(one.name for one in STAGES_PARAMETERS if one.name not in LOCAL_ONLY),
)
FRONT = STAGES[: STAGES.index("training")]
"""The stages before training; fused they are one pod."""
BACK = (*STAGES[STAGES.index("training") + 1 :], "release")
"""The steps after training. They are never cached, because they depend on what serves now."""
Fuse = Literal["none", "light"]


def build(cluster: Cluster, *, name: str, fuse: Fuse, fresh: bool, entry: str) -> Any:
    """Return the pipeline as kfp's component; with `fresh`, each run reads the sources again."""
    from kfp import dsl

    from mdlc.pipelines.kubeflow import cluster_components as components
    from mdlc.pipelines.stage_interfaces import parameter_types, pipeline_function

    def lifecycle(*values: Any) -> None:
        given = dict(zip(PARAMETERS, values, strict=True))
        given["run_id"] = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        wiring = _Wiring(cluster, given, entry=entry)
        last = wiring.task(components.report_component(entry=entry), "report", cached=False)
        with dsl.ExitHandler(exit_task=last.set_display_name("report"), name="life"):
            (_fused if fuse == "light" else _plain)(wiring, fresh=fresh)

    types = dict.fromkeys(CLUSTER_ONLY, str) | parameter_types()
    described = f"The life of {name} up to its release, compiled by mdlc."
    return dsl.pipeline(
        pipeline_function(lifecycle, {name: types[name] for name in PARAMETERS}, optional=set()),
        name=f"mdlc-{name}",
        description=described,
    )


@dataclass
class _Wiring:
    """Makes tasks from components and connects each to the parameters and artifacts it names."""

    cluster: Cluster
    given: dict[str, Any]
    """Parameter of the pipeline -> its channel."""
    entry: str
    artifacts: dict[str, Any] = field(default_factory=dict)
    """Artifact -> the channel of what wrote it."""

    def task(
        self,
        component: Any,
        *stages: str,
        cached: bool = True,
        cluster: Cluster | None = None,
        **more: Any,
    ) -> Any:
        """Make a task; its pod gets the settings of `stages` in spec.cluster."""
        taken = {name: self.given[source] for name, source in component.parameters.items()}
        read = {n: self.artifacts[a] for n, a in component.inputs.items() if n not in more}
        made = component.made(**{**taken, **read, **more})
        for name in component.writes:
            self.artifacts[name] = made.outputs[name]
        return configure_pod(made, cluster=cluster or self.cluster, stages=stages, cached=cached)


def _plain(wiring: _Wiring, *, fresh: bool) -> None:
    """Wire one pod for each stage."""
    from mdlc.pipelines.kubeflow import cluster_components as components

    entry = wiring.entry
    for stage in FRONT:
        cached = not (fresh and stage == "collection")
        task = wiring.task(components.stage_component(stage, entry=entry), stage, cached=cached)
        if stage == "selection":
            kinds = task.outputs["Output"]
    _training(wiring, kinds=kinds)
    for stage in BACK:
        made = (
            components.release_component(entry=entry)
            if stage == "release"
            else components.stage_component(stage, entry=entry)
        )
        wiring.task(made, stage, cached=False)
    _gate(wiring)


def _fused(wiring: _Wiring, *, fresh: bool) -> None:
    """Wire three pods: the stages before training, training, the steps after it."""
    from mdlc.pipelines.kubeflow import cluster_components as components

    front = components.front_component(FRONT, entry=wiring.entry)
    first = wiring.task(front, *FRONT, cached=not fresh)
    _training(wiring, kinds=first.outputs["Output"])
    wiring.task(components.back_component(BACK, entry=wiring.entry), *BACK, cached=False)
    _gate(wiring)


def _training(wiring: _Wiring, *, kinds: Any) -> None:
    """Wire training: one pod for all candidates, or one for each and one that assembles them."""
    from kfp import dsl

    from mdlc.pipelines.kubeflow import cluster_components as components

    entry, cluster = wiring.entry, wiring.cluster
    if not cluster.parallel:
        wiring.task(components.stage_component("training", entry=entry), "training")
        return
    # The kinds are known only after selection has run, so the loop is over what it returns.
    with dsl.ParallelFor(items=kinds, parallelism=cluster.parallel, name="candidates") as kind:
        part = wiring.task(components.candidate_component(entry=entry), "training", kind=kind)
    wiring.task(
        components.assembly_component(entry=entry),
        "training",
        cluster=for_assembly(cluster),
        trained=dsl.Collected(part.outputs["trained"]),
    )


def _gate(wiring: _Wiring) -> None:
    """Wire the step that waits for a canary's judgement, if the file asks for it."""
    from mdlc.pipelines.kubeflow import cluster_components as components

    if wiring.cluster.gate is not None:
        wiring.task(components.gate_component(entry=wiring.entry), "gate", cached=False)
