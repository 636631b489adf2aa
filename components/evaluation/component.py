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
    earlier: str,
    table: dsl.Input[dsl.Dataset],
    findings: dsl.Input[dsl.Artifact],
    models: dsl.Input[dsl.Model],
    verdict: dsl.Output[dsl.Artifact],
) -> None:
    """Judge the candidates on the newest labelled rows, in money, against the champion.

    Args:
        model: spec.model's slices, bootstrap and seed as JSON.
        promote: spec.deploy.promote as JSON.
        payoff: spec.business.payoff as JSON, or "" where the file has none.
        champion: The serving bundle, or "".
        champion_digest: Its digest: part of the cache key, and what the bundle is compared with.
        guard: spec.retrain.guard as JSON, or "" where the sources' own labels have no say.
        earlier: Digests of the test rows that earlier runs were judged on, a JSON list, or "".
        table: What preparation wrote.
        findings: What exploration wrote.
        models: What training wrote.
        verdict: evaluation.json.
    """
    import json
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("evaluation"):
        from mdlc.components.evaluation import stage
        from mdlc.core.bundle import open_bundle
        from mdlc.core.documents.exploration_findings import Exploration
        from mdlc.core.files import read_document
        from mdlc.core.spec import Guard, Model, Payoff, Promotion

        if champion:  # the one that serves, not one that was put in its place
            open_bundle(Path(champion), digest=champion_digest)
        explored = read_document(Path(findings.path) / "exploration.json", Exploration)
        out = Path(verdict.path)
        out.mkdir(parents=True)
        stage.evaluate(
            Model.model_validate_json(model),
            promotion=Promotion.model_validate_json(promote),
            payoff=Payoff.model_validate_json(payoff) if payoff else None,
            prepared=Path(table.path),
            training=Path(models.path),
            out=out,
            champion=Path(champion) if champion else None,
            guard=Guard.model_validate_json(guard) if guard else None,
            leaks=explored.leaks,
            earlier=json.loads(earlier) if earlier else (),
        )
