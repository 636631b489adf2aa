"""Digests of the code that a stage's result depends on: the stage, the core, the libraries."""

from __future__ import annotations

import functools
import platform
from importlib import metadata
from pathlib import Path

import mdlc
from mdlc.core.files import digest_json

LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "lightgbm",
    "mlflow-skinny",
    "numpy",
    "onnx",
    "onnxmltools",
    "onnxruntime",
    "optuna",
    "pandas",
    "scikit-learn",
    "scipy",
    "skl2onnx",
    "tensorflow",
)


@functools.cache
def library_versions() -> dict[str, str]:
    """Return the version of each library that results depend on; "" where it is not installed."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = ""
    return versions


@functools.cache
def stage_code(stage: str) -> str:
    """Return the digest of everything that decides what `stage` computes from its inputs."""
    package = Path(mdlc.__file__).parent
    folders = (package / "core", package / "components" / stage)
    return digest_json({"files": _sources(*folders), "libraries": library_versions()})


@functools.cache
def pipeline_code() -> str:
    """Return the digest of the pipelines and of the components that they wire."""
    package = Path(mdlc.__file__).parent
    wrappers = {
        str(path.relative_to(package)): path.read_text()
        for path in sorted(package.glob("components/*/component.py"))
    }
    steps = (package / "core" / "steps.py").read_text()
    kfp = metadata.version("kfp")
    return digest_json([wrappers, steps, _sources(package / "pipelines"), kfp])


def _sources(*folders: Path) -> dict[str, str]:
    return {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path.read_text()
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
    }
