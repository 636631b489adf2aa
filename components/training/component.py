"""The training stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def training(
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
    part: str = "",
) -> None:
    """Tune, train and export every contestant.

    Args:
        name: The lifecycle's name.
        model: spec.model's candidates, tuning, rule and seed as JSON.
        payoff: spec.business.payoff as JSON, or "" where the file has none.
        drift: spec.monitor.drift as JSON, for the profile's bins.
        parity: Largest allowed difference of exported and trained model.
        warm: Bundle whose hyperparameters start the tuning, or "".
        warm_digest: Its digest: part of the cache key, and what the bundle is compared with.
        half_life: Age at which a training row counts half, such as 60d, or "" for no weights.
        table: What preparation wrote.
        findings: What exploration wrote.
        contest: What selection wrote.
        models: training.json and a bundle for each candidate.
        part: The one kind to train, where the others are trained elsewhere, or "" for all.
    """
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("training"):
        from mdlc.components.training import stage
        from mdlc.core.bundle import open_bundle
        from mdlc.core.documents.exploration_findings import Exploration
        from mdlc.core.documents.training_result import Selection
        from mdlc.core.files import read_document
        from mdlc.core.spec import Drift, Model, Payoff
        from mdlc.core.spec.base import parse_duration

        explored = read_document(Path(findings.path) / "exploration.json", Exploration)
        selected = read_document(Path(contest.path) / "selection.json", Selection)
        if warm:  # the one that serves, not one that was put in its place
            open_bundle(Path(warm), digest=warm_digest)
        out = Path(models.path)
        out.mkdir(parents=True)
        stage.train(
            Model.model_validate_json(model),
            name=name,
            payoff=Payoff.model_validate_json(payoff) if payoff else None,
            drift=Drift.model_validate_json(drift),
            parity=parity,
            prepared=Path(table.path),
            cleaning=explored.decisions,
            contestants=selected.contestants,
            out=out,
            warm=Path(warm) if warm else None,
            half_life=parse_duration(half_life) if half_life else None,
            part=part,
        )
