"""The pipeline of one lifecycle for a cluster: the stages wired as in training.py, in pods.

Every argument of the local pipeline is one here, so what differs between runs is not compiled in;
only what spec.cluster says of pods is.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from mdlc.core.spec.cluster import Cluster
from mdlc.pipelines.kubeflow.pod_config import configure_pod, for_assembly

# fmt: off
PARAMETERS = (
    "settings", "name", "business", "columns", "sources", "root", "digests", "epoch", "data",
    "sensitive", "table_model", "explore", "contest_model", "train_model", "payoff", "drift",
    "parity", "judge_model", "deploy", "feedback", "feedback_digest", "until", "warm",
    "warm_digest", "half_life", "guard", "champion", "champion_digest",
    "gate",
)
FRONT = ("business", "collection", "preparation", "exploration", "selection")
BACK = ("evaluation", "deployment", "release")
# fmt: on
Given = dict[str, Any]
Fuse = Literal["none", "light"]


def build(cluster: Cluster, *, name: str, fuse: Fuse, fresh: bool) -> Any:
    """Return the pipeline as kfp's component; `fresh` asks the sources anew in each run."""
    from kfp import dsl

    from mdlc.pipelines.kubeflow.closing_components import report

    def lifecycle(*values: Any) -> None:
        given = dict(zip(PARAMETERS, values, strict=True))
        given["run_id"] = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        told = report(settings=given["settings"], run_id=given["run_id"])
        configure_pod(told, cluster=cluster, stages=["report"], cached=False).set_display_name(
            "report"
        )
        with dsl.ExitHandler(exit_task=told, name="life"):
            (_fused if fuse == "light" else _plain)(given, cluster, fresh)

    kinds = {"parity": float}
    lifecycle.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                parameter,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                annotation=kinds.get(parameter, str),
            )
            for parameter in PARAMETERS
        ],
        return_annotation=None,
    )
    described = f"The life of {name} up to its release, compiled by mdlc."
    return dsl.pipeline(name=f"mdlc-{name}", description=described)(lifecycle)


def _plain(given: Given, cluster: Cluster, fresh: bool) -> None:
    """Wire a pod a stage."""
    from mdlc.pipelines.kubeflow import stage_components

    task = partial(_task, given=given, cluster=cluster)
    task(stage_components.business, "business", take=("settings", "business", "columns"))
    snapshot = task(
        stage_components.collection,
        "collection",
        take=("settings", "sources", "root", "digests", "epoch"),
        cached=not fresh,
    ).output
    table = task(
        stage_components.preparation,
        "preparation",
        take=("settings", "data", "feedback", "feedback_digest", "until", "guard"),
        model=given["table_model"],
        snapshot=snapshot,
    ).output
    findings = task(
        stage_components.exploration,
        "exploration",
        take=("settings", "explore", "sensitive"),
        table=table,
    ).outputs["findings"]
    selected = task(
        stage_components.selection,
        "selection",
        take=("settings", "data", "business"),
        model=given["contest_model"],
        table=table,
    )
    models = _training(given, cluster, table=table, findings=findings, selected=selected)
    _judge(given, cluster, table=table, findings=findings, models=models)


def _judge(given: Given, cluster: Cluster, *, table: Any, findings: Any, models: Any) -> None:
    """Wire what comes after training; none of it is cached, for it looks at what serves now."""
    from mdlc.pipelines.kubeflow import closing_components, stage_components

    task = partial(_task, given=given, cluster=cluster)
    verdict = task(
        stage_components.evaluation,
        "evaluation",
        take=("settings", "deploy", "payoff", "champion", "champion_digest", "guard"),
        cached=False,
        model=given["judge_model"],
        table=table,
        findings=findings,
        models=models,
    ).outputs["verdict"]
    deployed = task(
        stage_components.deployment,
        "deployment",
        take=("settings", "name"),
        cached=False,
        verdict=verdict,
        models=models,
    ).output
    released = task(
        closing_components.release,
        "release",
        take=("settings", "run_id"),
        cached=False,
        verdict=verdict,
        deployed=deployed,
    )
    _gate(given, cluster, outcome=released.outputs["outcome"])


def _gate(given: Given, cluster: Cluster, *, outcome: Any) -> None:
    """Wire the step that waits for a canary's judgement, where the file asks for it."""
    from mdlc.pipelines.kubeflow import closing_components

    if cluster.gate is not None:
        take = ("settings", "run_id", "gate")
        _task(
            closing_components.gate,
            "gate",
            given=given,
            cluster=cluster,
            take=take,
            cached=False,
            outcome=outcome,
        )


def _fused(given: Given, cluster: Cluster, fresh: bool) -> None:
    """Wire three pods: what comes before training, training, what comes after."""
    from mdlc.pipelines.kubeflow import fused_components

    first = _task(
        fused_components.front,
        *FRONT,
        given=given,
        cluster=cluster,
        cached=not fresh,
        take=(
            *("settings", "business", "columns", "sources", "root", "digests", "epoch", "data"),
            *("table_model", "feedback", "feedback_digest", "until", "guard", "explore"),
            *("sensitive", "contest_model"),
        ),
    )
    table = first.outputs["table"]
    models = _training(
        given,
        cluster,
        table=table,
        findings=first.outputs["findings"],
        selected=first,
    )
    last = _task(
        fused_components.back,
        *BACK,
        given=given,
        cluster=cluster,
        cached=False,
        take=(
            *("settings", "run_id", "name", "judge_model", "deploy", "payoff", "champion"),
            *("champion_digest", "guard"),
        ),
        table=table,
        findings=first.outputs["findings"],
        models=models,
    )
    _gate(given, cluster, outcome=last.outputs["outcome"])


def _training(given: Given, cluster: Cluster, *, table: Any, findings: Any, selected: Any) -> Any:
    """Wire training: a pod for all candidates, or a pod for each and one that joins them."""
    from kfp import dsl

    from mdlc.pipelines.kubeflow import candidate_components, stage_components

    task = partial(
        _task,
        given=given,
        take=(
            *("settings", "name", "payoff", "drift", "parity", "warm", "warm_digest"),
            "half_life",
        ),
        model=given["train_model"],
        table=table,
        findings=findings,
        contest=selected.outputs["contest"],
    )
    if not cluster.parallel:
        return task(stage_components.training, "training", cluster=cluster).outputs["models"]
    # The kinds are known when selection has run, so the loop is over what it returns.
    kinds = selected.outputs["Output"]
    with dsl.ParallelFor(items=kinds, parallelism=cluster.parallel, name="candidates") as kind:
        part = task(candidate_components.candidate, "training", cluster=cluster, kind=kind)
    trained = dsl.Collected(part.outputs["trained"])
    whole = task(
        candidate_components.assembly, "training", cluster=for_assembly(cluster), trained=trained
    )
    return whole.outputs["models"]


def _task(
    component: Any,
    *stages: str,
    given: Given,
    cluster: Cluster,
    take: Sequence[str],
    cached: bool = True,
    **more: Any,
) -> Any:
    made = component(**{name: given[name] for name in take}, **more)
    return configure_pod(made, cluster=cluster, stages=stages, cached=cached)
