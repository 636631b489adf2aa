"""Compiles the pipeline to Kubeflow Pipelines' intermediate representation (IR YAML)."""

from __future__ import annotations

from pathlib import Path

from mdlc.core.files import digest_json, whole_folder


def compile_training(folder: Path, *, code: str) -> Path:
    """Return the compiled training pipeline, compiling it at most once for a `code` digest.

    The IR contains nothing of a lifecycle: that comes as arguments of the run, so one IR serves all
    lifecycles. The same source gives the same bytes.
    """
    target = folder / digest_json(code)[:16] / "training.yaml"
    if target.exists():
        return target
    from kfp import compiler

    from mdlc.pipelines.training_pipeline import training

    with whole_folder(target.parent) as temporary:
        compiler.Compiler().compile(training, str(temporary / target.name))
    return target
