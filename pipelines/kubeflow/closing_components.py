"""The components that end a run: release what was promoted, report how it went."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def release(
    settings: str,
    run_id: str,
    verdict: dsl.Input[dsl.Artifact],
    deployed: dsl.Input[dsl.Model],
    outcome: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.Markdown],
) -> None:
    """Copy a promoted bundle to the artifact root and move the pointer that predictors follow."""
    from mdlc.pipelines.kubeflow.step_entry import release

    release(
        settings=settings,
        run_id=run_id,
        verdict=verdict,
        deployed=deployed,
        outcome=outcome,
        page=page,
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def gate(
    settings: str,
    run_id: str,
    gate: str,
    outcome: dsl.Input[dsl.Artifact],
    judged: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.Markdown],
) -> None:
    """Wait until a canary is judged, and promote it or roll it back."""
    from mdlc.pipelines.kubeflow.step_entry import gate as wait

    wait(settings=settings, run_id=run_id, terms=gate, outcome=outcome, judged=judged, page=page)


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def report(
    settings: str, run_id: str, status: dsl.PipelineTaskFinalStatus, page: dsl.Output[dsl.Markdown]
) -> None:
    """Write down how the run ended, whatever became of it: runs/RUN.json in the artifact root."""
    from mdlc.pipelines.kubeflow.step_entry import report

    report(
        settings=settings,
        run_id=run_id,
        error=status.error_message or "",
        page=page,
    )
