"""The deployment stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def deployment(
    name: str,
    registry: str,
    verdict: dsl.Input[dsl.Artifact],
    models: dsl.Input[dsl.Model],
    release: dsl.Output[dsl.Model],
) -> None:
    """Register the winner, and make it champion if evaluation promoted it.

    Args:
        name: The lifecycle's name.
        registry: MLflow tracking URI.
        verdict: What evaluation wrote.
        models: What training wrote.
        release: deployment.json and the winner's bundle.
    """
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("deployment"):
        from mdlc.components.deployment import stage

        out = Path(release.path)
        out.mkdir(parents=True)
        stage.deploy(
            name,
            evaluation=Path(verdict.path),
            training=Path(models.path),
            registry=registry,
            out=out,
        )
