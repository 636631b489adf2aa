"""The selection stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def selection(
    model: str,
    data: str,
    business: str,
    table: dsl.Input[dsl.Dataset],
    contest: dsl.Output[dsl.Artifact],
) -> None:
    """Decide which kinds of model take part, and whether ML is needed at all.

    Args:
        model: spec.model's task, candidates and rule as JSON.
        data: spec.data's target, features and sensitive columns as JSON.
        business: spec.business as JSON.
        table: What preparation wrote.
        contest: selection.json.
    """
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("selection"):
        from mdlc.components.selection import stage
        from mdlc.core.spec import Business, Data, Model

        out = Path(contest.path)
        out.mkdir(parents=True)
        stage.select(
            Model.model_validate_json(model),
            data=Data.model_validate_json(data),
            business=Business.model_validate_json(business),
            prepared=Path(table.path),
            out=out,
        )
