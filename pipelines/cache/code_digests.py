"""Digests of the code that a stage's result depends on.

The code is the stage's folder, all modules of mdlc that it imports directly or indirectly
(`import_graph`), and the versions of libraries. So a change in `core` re-runs only the stages that
import the changed module.
"""

from __future__ import annotations

import functools
import platform
from importlib import metadata
from pathlib import Path

import mdlc
from mdlc.core.files import digest_json
from mdlc.pipelines.cache.import_graph import ImportGraph

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
    """Return the digest of all code and library versions that the result of `stage` depends on."""
    folder = Path(mdlc.__file__).parent / "components" / stage
    modules = import_graph().reached(folder)
    files = {module: path.read_text() for module, path in modules.items()}
    return digest_json({"files": files, "libraries": library_versions()})


@functools.cache
def import_graph() -> ImportGraph:
    """Return the graph of our own imports, shared by the stages."""
    return ImportGraph(Path(mdlc.__file__).parent)


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
