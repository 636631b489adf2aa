"""The preparation stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def preparation(
    data: str,
    model: str,
    feedback: str,
    feedback_digest: str,
    until: str,
    guard: str,
    snapshot: dsl.Input[dsl.Dataset],
    table: dsl.Output[dsl.Dataset],
) -> None:
    """Make the table of decisions, test it, and split it.

    Args:
        data: spec.data as JSON.
        model: spec.model's task, split and slices as JSON.
        feedback: Parquet of predictions with their labels, or "".
        feedback_digest: Its digest; part of the cache key.
        until: Rows from here on are the future (ISO 8601), or "" for spec.model.split.until.
        guard: spec.retrain.guard as JSON, or "" for no tests of the feedback.
        snapshot: What collection wrote.
        table: table.parquet, prepared.json and, in a retraining, anchor.parquet.
    """
    from datetime import datetime
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("preparation"):
        from mdlc.components.preparation import stage
        from mdlc.core.files import digest_path
        from mdlc.core.spec import Data, Guard, Model

        if feedback and digest_path(Path(feedback)) != feedback_digest:
            from mdlc.core.errors import ArtifactError

            raise ArtifactError(f"{feedback} has changed since it was exported")
        out = Path(table.path)
        out.mkdir(parents=True)
        stage.prepare(
            Data.model_validate_json(data),
            model=Model.model_validate_json(model),
            snapshot=Path(snapshot.path),
            out=out,
            feedback=Path(feedback) if feedback else None,
            until=datetime.fromisoformat(until) if until else None,
            guard=Guard.model_validate_json(guard) if guard else None,
        )
