"""The stages as components for a cluster: a pod each, with what KFP's UI shows beside the artifact.

A body is text that runs in the image, so it only calls step.run. What a stage does is in its own
wrapper (components/STAGE/component.py), which local runs use and step.run calls.
"""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def business(
    settings: str,
    business: str,
    columns: str,
    case: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.Markdown],
) -> None:
    """Check requirements and compare the alternatives in money."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "business",
        settings=settings,
        parameters={"business": business, "columns": columns},
        inputs={},
        output=("case", case),
        shows={"page": page},
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def collection(
    settings: str,
    sources: str,
    root: str,
    digests: str,
    epoch: str,
    snapshot: dsl.Output[dsl.Dataset],
) -> None:
    """Copy every source into one Parquet snapshot; `epoch` bounds the age of KFP's cache."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "collection",
        settings=settings,
        parameters={"sources": sources, "root": root, "digests": digests},
        inputs={},
        output=("snapshot", snapshot),
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def preparation(
    settings: str,
    data: str,
    model: str,
    feedback: str,
    feedback_digest: str,
    until: str,
    guard: str,
    snapshot: dsl.Input[dsl.Dataset],
    table: dsl.Output[dsl.Dataset],
) -> None:
    """Make the table of decisions, test it, and split it."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "preparation",
        settings=settings,
        parameters={
            "data": data,
            "model": model,
            "feedback": feedback,
            "feedback_digest": feedback_digest,
            "until": until,
            "guard": guard,
        },
        inputs={"snapshot": snapshot},
        output=("table", table),
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def exploration(
    settings: str,
    explore: str,
    sensitive: str,
    table: dsl.Input[dsl.Dataset],
    findings: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
) -> None:
    """Look at the training rows and decide how they are cleaned."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "exploration",
        settings=settings,
        parameters={"explore": explore, "sensitive": sensitive},
        inputs={"table": table},
        output=("findings", findings),
        shows={"page": page},
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def selection(
    settings: str,
    model: str,
    data: str,
    business: str,
    table: dsl.Input[dsl.Dataset],
    contest: dsl.Output[dsl.Artifact],
) -> list[str]:
    """Decide which kinds of answer take part, and whether ML is needed at all; return the kinds."""
    from mdlc.pipelines.kubeflow.step_entry import kinds, run

    run(
        "selection",
        settings=settings,
        parameters={"model": model, "data": data, "business": business},
        inputs={"table": table},
        output=("contest", contest),
    )
    return kinds(contest, settings=settings)


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def training(
    settings: str,
    name: str,
    model: str,
    payoff: str,
    drift: str,
    parity: float,
    warm: str,
    warm_digest: str,
    half_life: str,
    table: dsl.Input[dsl.Dataset],
    findings: dsl.Input[dsl.Artifact],
    contest: dsl.Input[dsl.Artifact],
    models: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Tune, train and export every contestant."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "training",
        settings=settings,
        parameters={
            "name": name,
            "model": model,
            "payoff": payoff,
            "drift": drift,
            "parity": parity,
            "warm": warm,
            "warm_digest": warm_digest,
            "half_life": half_life,
        },
        inputs={"table": table, "findings": findings, "contest": contest},
        output=("models", models),
        shows={"metrics": metrics},
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def evaluation(
    settings: str,
    model: str,
    deploy: str,
    payoff: str,
    champion: str,
    champion_digest: str,
    guard: str,
    table: dsl.Input[dsl.Dataset],
    findings: dsl.Input[dsl.Artifact],
    models: dsl.Input[dsl.Model],
    verdict: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    matrix: dsl.Output[dsl.ClassificationMetrics],
    page: dsl.Output[dsl.Markdown],
) -> None:
    """Judge the candidates on the newest labelled rows, in money, against the champion."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "evaluation",
        settings=settings,
        parameters={
            "model": model,
            "deploy": deploy,
            "payoff": payoff,
            "champion": champion,
            "champion_digest": champion_digest,
            "guard": guard,
            "earlier": "",
        },
        inputs={"table": table, "findings": findings, "models": models},
        output=("verdict", verdict),
        shows={"metrics": metrics, "matrix": matrix, "page": page},
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def deployment(
    settings: str,
    name: str,
    verdict: dsl.Input[dsl.Artifact],
    models: dsl.Input[dsl.Model],
    release: dsl.Output[dsl.Model],
) -> None:
    """Register the winner, and name it champion where evaluation says so."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "deployment",
        settings=settings,
        parameters={"name": name, "registry": ""},
        inputs={"verdict": verdict, "models": models},
        output=("release", release),
    )
