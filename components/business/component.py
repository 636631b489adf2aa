"""The business stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def business(business: str, columns: str, case: dsl.Output[dsl.Artifact]) -> None:
    """Check requirements and compare the alternatives in money.

    Args:
        business: spec.business as JSON.
        columns: {"features": [...], "sensitive": [...]} as JSON.
        case: business.json.
    """
    import json
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("business"):
        from mdlc.components.business import stage
        from mdlc.core.spec import Business

        out = Path(case.path)
        out.mkdir(parents=True)
        named = json.loads(columns)
        stage.assess(
            Business.model_validate_json(business),
            sensitive=named["sensitive"],
            features=named["features"],
            out=out,
        )
