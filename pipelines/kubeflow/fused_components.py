"""The light stages in fewer pods: the same stages, artifacts and cache keys, one pod for several.

On KFP a step is a driver pod and an executor pod; for stages of seconds that is most of the time.
Each stage keeps its own process, so a fused one differs in nothing but where it runs.
"""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def front(
    settings: str,
    business: str,
    columns: str,
    sources: str,
    root: str,
    digests: str,
    epoch: str,
    data: str,
    table_model: str,
    feedback: str,
    feedback_digest: str,
    until: str,
    guard: str,
    explore: str,
    sensitive: str,
    contest_model: str,
    case: dsl.Output[dsl.Artifact],
    case_page: dsl.Output[dsl.Markdown],
    snapshot: dsl.Output[dsl.Dataset],
    table: dsl.Output[dsl.Dataset],
    findings: dsl.Output[dsl.Artifact],
    findings_page: dsl.Output[dsl.HTML],
    contest: dsl.Output[dsl.Artifact],
) -> list[str]:
    """Run business to selection, one after another; return the kinds of model that take part."""
    from functools import partial

    from mdlc.pipelines.kubeflow import step_entry

    run = partial(step_entry.run, settings=settings)
    run(
        "business",
        parameters={"business": business, "columns": columns},
        inputs={},
        output=("case", case),
        shows={"page": case_page},
    )
    run(
        "collection",
        parameters={"sources": sources, "root": root, "digests": digests},
        inputs={},
        output=("snapshot", snapshot),
    )
    run(
        "preparation",
        parameters={
            "data": data,
            "model": table_model,
            "feedback": feedback,
            "feedback_digest": feedback_digest,
            "until": until,
            "guard": guard,
        },
        inputs={"snapshot": snapshot},
        output=("table", table),
    )
    run(
        "exploration",
        parameters={"explore": explore, "sensitive": sensitive},
        inputs={"table": table},
        output=("findings", findings),
        shows={"page": findings_page},
    )
    run(
        "selection",
        parameters={"model": contest_model, "data": data, "business": business},
        inputs={"table": table},
        output=("contest", contest),
    )
    return step_entry.kinds(contest, settings=settings)


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def back(
    settings: str,
    run_id: str,
    name: str,
    judge_model: str,
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
    verdict_page: dsl.Output[dsl.Markdown],
    release: dsl.Output[dsl.Model],
    outcome: dsl.Output[dsl.Artifact],
    outcome_page: dsl.Output[dsl.Markdown],
) -> None:
    """Run evaluation, deployment and release, one after another."""
    from mdlc.pipelines.kubeflow import step_entry

    step_entry.run(
        "evaluation",
        settings=settings,
        parameters={
            "model": judge_model,
            "deploy": deploy,
            "payoff": payoff,
            "champion": champion,
            "champion_digest": champion_digest,
            "guard": guard,
            "earlier": "",
        },
        inputs={"table": table, "findings": findings, "models": models},
        output=("verdict", verdict),
        shows={"metrics": metrics, "matrix": matrix, "page": verdict_page},
    )
    step_entry.run(
        "deployment",
        settings=settings,
        parameters={"name": name, "registry": ""},
        inputs={"verdict": verdict, "models": models},
        output=("release", release),
    )
    step_entry.release(
        settings=settings,
        run_id=run_id,
        verdict=verdict,
        deployed=release,
        outcome=outcome,
        page=outcome_page,
    )
