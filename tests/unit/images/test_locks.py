"""Images are made of locked packages, at the versions that mdlc is tested with."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "images/locks"
ROOMS = ("components", "pipelines", "serving", "monitoring")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
STEPS = ["kubernetes", "postgres", "s3"]
INPUTS = {
    "build.lock": ["images/build/requirements.in"],
    "steps.lock": [],
    "steps-deep.lock": [],
    "steps-gpu.lock": ["images/build/gpu.in"],
    "serving.lock": ["images/serving/requirements.in"],
    "serving-deep.lock": ["images/serving/requirements.in", "images/serving/tensorflow.in"],
    "serving-gpu.lock": ["images/serving/requirements.in", "images/build/gpu.in"],
    "mlflow.lock": ["images/mlflow/requirements.in"],
}
OWN = {"build.lock", "mlflow.lock"}
"""Resolved apart from requirements.lock."""


def pins(path: Path) -> dict[str, set[str]]:
    """Return package -> versions; one a Python version."""
    found: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        if match := PIN.match(line):
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def wanted(lock: str) -> list[Requirement]:
    texts = [
        line
        for name in INPUTS[lock]
        for line in (ROOT / name).read_text().splitlines()
        if line and not line.startswith("#")
    ]
    if lock.startswith("steps"):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        texts += project["dependencies"]
        for extra in [*STEPS, *(["deep"] if lock != "steps.lock" else [])]:
            texts += project["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def test_every_lock_is_known() -> None:
    assert {path.name for path in LOCKS.iterdir()} == set(INPUTS)


@pytest.mark.parametrize("lock", INPUTS)
def test_a_lock_has_what_its_inputs_ask_for(lock: str) -> None:
    """If it fails, the inputs have changed: make image-locks."""
    held = pins(LOCKS / lock)
    for requirement in wanted(lock):
        versions = held.get(canonicalize_name(requirement.name), set())
        fits = [v for v in versions if requirement.specifier.contains(v, prereleases=True)]
        assert fits, f"{lock} lacks {requirement}; make image-locks"


@pytest.mark.parametrize("lock", sorted(set(INPUTS) - OWN))
def test_a_lock_has_the_versions_that_are_tested(lock: str) -> None:
    """If it fails, requirements.lock has moved: make image-locks."""
    tested = pins(ROOT / "requirements.lock")
    other = {
        name: versions
        for name, versions in pins(LOCKS / lock).items()
        if name in tested and not versions <= tested[name]
    }
    assert other == {}


def test_mlflows_server_is_of_the_clients_release() -> None:
    tested = pins(ROOT / "requirements.lock")
    assert pins(LOCKS / "mlflow.lock")["mlflow"] == tested["mlflow-skinny"]


@pytest.mark.parametrize("lock", INPUTS)
def test_every_package_has_hashes_and_no_index_is_named(lock: str) -> None:
    text = (LOCKS / lock).read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_serving_has_nothing_that_only_training_needs() -> None:
    training = {
        "kfp", "mlflow-skinny", "lightgbm", "scikit-learn", "scipy", "optuna", "plotly", "duckdb",
        "ibis-framework", "onnx", "skl2onnx", "onnxmltools", "pyarrow", "tensorflow",
    }  # fmt: skip
    assert not training & set(pins(LOCKS / "serving.lock"))
    assert "tensorflow" in pins(LOCKS / "serving-deep.lock")


@pytest.mark.slow
def test_the_server_starts_with_its_lock_alone(tmp_path: Path) -> None:
    """A fresh environment with the lock's packages and mdlc itself; needs a package index."""
    uv = shutil.which("uv") or str(ROOT / ".venv/bin/uv")
    if not Path(uv).exists():
        pytest.skip("uv is not installed")
    place = tmp_path / "venv"
    python = place / "bin/python"
    steps: list[list[str]] = [
        [uv, "venv", "--quiet", "--python", "3.11", str(place)],
        [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "--require-hashes",
         "--requirement", str(LOCKS / "serving.lock")],
        [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", str(ROOT)],
    ]  # fmt: skip
    for step in steps:
        ended = subprocess.run(step, capture_output=True, text=True, check=False)
        if "error sending request" in ended.stderr or "Failed to fetch" in ended.stderr:
            pytest.skip("the package index cannot be reached")
        assert ended.returncode == 0, ended.stderr
    program = (
        "import mdlc.serving.model_server, mdlc.serving.predictor_app, onnxruntime, psycopg, sys;"
        "assert 'site-packages/mdlc' in mdlc.__file__, mdlc.__file__"
    )
    ended = subprocess.run(
        [python, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr


def imported() -> dict[str, str]:
    """Return package of others -> a file that imports it, wherever in the file that stands."""
    found: dict[str, str] = {}
    for room in ("src/mdlc/core", "src/mdlc/cli", "src/mdlc/life", *ROOMS):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module]
                for name in names:
                    found.setdefault(name.partition(".")[0], str(path.relative_to(ROOT)))
    ours = {"mdlc", *sys.stdlib_module_names}
    return {name: path for name, path in found.items() if name not in ours}


def test_the_steps_have_all_that_mdlc_imports_but_the_model_server() -> None:
    """The trigger and the controller run from that image too."""
    elsewhere = {"kserve", "fastapi", "tensorflow"}
    locked = set(pins(LOCKS / "steps.lock"))
    of = packages_distributions()
    lacking = {
        name: path
        for name, path in imported().items()
        if name not in elsewhere and not {canonicalize_name(one) for one in of[name]} & locked
    }
    assert lacking == {}


def test_what_is_imported_is_asked_for_not_only_brought_along() -> None:
    brought = {"pyarrow", "markupsafe", "kfp-server-api", "fastapi", "botocore", "pydantic-core"}
    brought |= {"protobuf"}  # TensorFlow's, for its own SavedModel
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    asked = {canonicalize_name(Requirement(line).name) for line in lines}
    of = packages_distributions()
    lacking = {
        name: path
        for name, path in imported().items()
        if not {canonicalize_name(one) for one in of[name]} & (asked | brought)
    }
    assert lacking == {}
