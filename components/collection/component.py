"""The collection stage as a Kubeflow Pipelines component."""

from kfp import dsl

from mdlc.core.steps import STEP_IMAGE


@dsl.component(base_image=STEP_IMAGE, install_kfp_package=False)
def collection(sources: str, root: str, digests: str, snapshot: dsl.Output[dsl.Dataset]) -> None:
    """Copy every source into one Parquet snapshot with digests.

    Args:
        sources: spec.data as JSON, as far as reading the sources needs it.
        root: Folder that relative locations start from.
        digests: Digest of each source's bytes as JSON; part of the cache key.
        snapshot: A Parquet file a source, and snapshot.json.
    """
    from pathlib import Path

    from mdlc.core.steps import reporting

    with reporting("collection"):
        from mdlc.components.collection import stage
        from mdlc.core.spec import Data

        out = Path(snapshot.path)
        out.mkdir(parents=True)
        stage.collect(Data.model_validate_json(sources), root=Path(root), out=out)
