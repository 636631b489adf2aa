"""The pipeline of a model's life up to its release. Retraining runs the same one on newer data."""

from kfp import dsl

from mdlc.components.business.component import business as business_stage
from mdlc.components.collection.component import collection as collection_stage
from mdlc.components.deployment.component import deployment as deployment_stage
from mdlc.components.evaluation.component import evaluation as evaluation_stage
from mdlc.components.exploration.component import exploration as exploration_stage
from mdlc.components.preparation.component import preparation as preparation_stage
from mdlc.components.selection.component import selection as selection_stage
from mdlc.components.training.component import training as training_stage


@dsl.pipeline(name="mdlc-training", description="From requirements to a registered model.")
def training(
    name: str,
    business: str,
    columns: str,
    sources: str,
    root: str,
    digests: str,
    data: str,
    sensitive: str,
    table_model: str,
    explore: str,
    contest_model: str,
    train_model: str,
    payoff: str,
    drift: str,
    parity: float,
    judge_model: str,
    deploy: str,
    registry: str,
    feedback: str = "",
    feedback_digest: str = "",
    until: str = "",
    warm: str = "",
    warm_digest: str = "",
    half_life: str = "",
    guard: str = "",
    champion: str = "",
    champion_digest: str = "",
    earlier: str = "",
) -> None:
    """Wire the stages; every argument is a stage's own part of the file (see arguments.py)."""
    business_stage(business=business, columns=columns)
    snapshot = collection_stage(sources=sources, root=root, digests=digests).output
    table = preparation_stage(
        data=data,
        model=table_model,
        feedback=feedback,
        feedback_digest=feedback_digest,
        until=until,
        guard=guard,
        snapshot=snapshot,
    ).output
    findings = exploration_stage(explore=explore, sensitive=sensitive, table=table).output
    contest = selection_stage(model=contest_model, data=data, business=business, table=table).output
    models = training_stage(
        name=name,
        model=train_model,
        payoff=payoff,
        drift=drift,
        parity=parity,
        warm=warm,
        warm_digest=warm_digest,
        half_life=half_life,
        table=table,
        findings=findings,
        contest=contest,
    ).output
    verdict = evaluation_stage(
        model=judge_model,
        deploy=deploy,
        payoff=payoff,
        champion=champion,
        champion_digest=champion_digest,
        guard=guard,
        earlier=earlier,
        table=table,
        findings=findings,
        models=models,
    ).output
    deployment_stage(name=name, registry=registry, verdict=verdict, models=models)
