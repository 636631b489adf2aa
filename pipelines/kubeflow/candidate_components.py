"""Training with a pod for each candidate: one component that trains a kind, one that joins them."""

from typing import List  # noqa: UP035 - kfp's compiler knows no other name for a list of artifacts

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def candidate(
    kind: str,
    settings: str,
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
    trained: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Tune, train and export one contestant."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "training",
        settings=settings,
        parameters={
            "name": name,
            "model": model,
            "payoff": payoff,
            "drift": drift,
            "parity": parity,
            "warm": warm,
            "warm_digest": warm_digest,
            "half_life": half_life,
        },
        inputs={"table": table, "findings": findings, "contest": contest},
        output=("models", trained),
        shows={"metrics": metrics},
        part=kind,
    )


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def assembly(
    settings: str,
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
    trained: dsl.Input[List[dsl.Model]],  # noqa: UP006 - see above
    models: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Put the contestants together, as one pod would have trained them."""
    from mdlc.pipelines.kubeflow.step_entry import run

    run(
        "training",
        settings=settings,
        parameters={
            "name": name,
            "model": model,
            "payoff": payoff,
            "drift": drift,
            "parity": parity,
            "warm": warm,
            "warm_digest": warm_digest,
            "half_life": half_life,
        },
        inputs={"table": table, "findings": findings, "contest": contest},
        output=("models", models),
        shows={"metrics": metrics},
        parts=trained,
    )
