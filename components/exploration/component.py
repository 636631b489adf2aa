"""The exploration stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def exploration(
    explore: str,
    sensitive: str,
    table: dsl.Input[dsl.Dataset],
    findings: dsl.Output[dsl.Artifact],
) -> None:
    """Look at the training rows and decide how they are cleaned.

    Args:
        explore: spec.explore as JSON.
        sensitive: spec.data.sensitive as JSON.
        table: What preparation wrote.
        findings: exploration.json.
    """
    import json
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("exploration"):
        from mdlc.components.exploration import stage
        from mdlc.core.spec import Explore

        out = Path(findings.path)
        out.mkdir(parents=True)
        stage.explore(
            Explore.model_validate_json(explore),
            prepared=Path(table.path),
            sensitive=json.loads(sensitive),
            out=out,
        )
