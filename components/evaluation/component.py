"""The evaluation stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def evaluation(
    model: str,
    promote: str,
    payoff: str,
    champion: str,
    champion_digest: str,
    guard: str,
    table: dsl.Input[dsl.Dataset],
    models: dsl.Input[dsl.Model],
    verdict: dsl.Output[dsl.Artifact],
) -> None:
    """Judge the candidates on the newest labelled rows, in money, against the champion.

    Args:
        model: spec.model's slices, bootstrap and seed as JSON.
        promote: spec.deploy.promote as JSON.
        payoff: spec.business.payoff as JSON.
        champion: The serving bundle, or "".
        champion_digest: Its digest; part of the cache key.
        guard: spec.retrain.guard as JSON, or "" to leave out the comparison on the sources' labels.
        table: What preparation wrote.
        models: What training wrote.
        verdict: evaluation.json.
    """
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("evaluation"):
        from mdlc.components.evaluation import stage
        from mdlc.core.spec import Guard, Model, Payoff, Promotion

        out = Path(verdict.path)
        out.mkdir(parents=True)
        stage.evaluate(
            Model.model_validate_json(model),
            promotion=Promotion.model_validate_json(promote),
            payoff=Payoff.model_validate_json(payoff),
            prepared=Path(table.path),
            training=Path(models.path),
            out=out,
            champion=Path(champion) if champion else None,
            guard=Guard.model_validate_json(guard) if guard else None,
        )
