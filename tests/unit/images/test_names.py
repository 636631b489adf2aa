"""An image has one name: where it is built, where steps and manifests ask for it, in the docs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import mdlc
from mdlc.core.steps import STEP_IMAGE

ROOT = Path(__file__).parents[3]
ENGINE = """#!/bin/sh
[ "$1" != build ] || while [ $# -gt 0 ]; do
    [ "$1" != --tag ] || echo "$2" >> "$BUILT"
    shift
done
"""
OWN = ("steps", "steps-deep", "steps-gpu", "serving", "serving-deep", "serving-gpu", "mlflow")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what tools/images.sh builds, told by an engine that only listens."""
    folder = tmp_path_factory.mktemp("engine")
    (folder / "docker").write_text(ENGINE)
    (folder / "docker").chmod(0o755)
    given = {"PATH": f"{folder}:{os.environ['PATH']}", "BUILT": str(folder / "built")}
    done = subprocess.run(
        ["bash", "tools/images.sh", *OWN],
        cwd=ROOT,
        env=os.environ | given | {"ENGINE": "docker", "TAG": mdlc.__version__},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (folder / "built").read_text().split()


def test_steps_ask_for_what_is_built(built: list[str]) -> None:
    assert built == [f"mdlc-{name}:{mdlc.__version__}" for name in OWN]
    assert STEP_IMAGE in built


@pytest.mark.parametrize(
    "overlay", sorted(ROOT.glob("manifests/overlays/*/kustomization.yaml")), ids=str
)
def test_an_overlay_names_what_is_built(overlay: Path, built: list[str]) -> None:
    images = yaml.safe_load(overlay.read_text()).get("images", [])
    own = [f"{i.get('newName', i['name'])}:{i['newTag']}" for i in images if "mdlc" in i["name"]]
    assert set(own) <= set(built)


def test_manifests_name_what_is_built(built: list[str]) -> None:
    names = {image.partition(":")[0] for image in built}
    found = set()
    for path in sorted((ROOT / "manifests").rglob("*.yaml")):
        if "refused" not in path.parts:
            found |= set(re.findall(r"(?:image|value): (mdlc-[\w-]+)\s*$", path.read_text(), re.M))
    assert "mdlc-steps" in found
    assert found <= names


def test_the_docs_list_what_is_built(built: list[str]) -> None:
    table = re.findall(r"^\| `(mdlc-[\w-]+)` \|", (ROOT / "docs/images.md").read_text(), re.M)
    assert sorted(table) == sorted(image.partition(":")[0] for image in built)
    assert STEP_IMAGE in (ROOT / "docs/kubeflow.md").read_text()
