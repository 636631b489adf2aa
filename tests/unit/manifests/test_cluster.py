"""A real API server accepts every object (kubectl apply --dry-run=server)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.manifests.build import build

ROOT = Path(__file__).parents[3]


def kubectl(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", *arguments], capture_output=True, text=True, check=False, input=given
    )


def unreachable() -> str:
    """Say why no cluster answers; "" if one does."""
    try:
        asked = kubectl("get", "--raw", "/readyz", "--request-timeout=3s")
    except FileNotFoundError:
        return "kubectl is not installed"
    return "" if asked.returncode == 0 else "no cluster answers"


@pytest.fixture(scope="module")
def kinds() -> set[str]:
    if why := unreachable():
        pytest.skip(why)
    if kubectl("get", "namespace", "mdlc").returncode:
        pytest.skip("the cluster has no namespace mdlc, without which nothing can be tried in it")
    listed = kubectl("api-resources", "--no-headers").stdout
    return {line.split()[-1] for line in listed.splitlines() if line.strip()}


@pytest.mark.cluster
@pytest.mark.parametrize("overlay", ["local", "cpu", "gpu", "production"])
def test_the_api_server_accepts_an_overlay(overlay: str, kinds: set[str], tmp_path: Path) -> None:
    objects = build(ROOT / "manifests/overlays" / overlay)
    missing = {item["kind"] for item in objects} - kinds
    if missing:
        pytest.skip(f"the cluster does not know {', '.join(sorted(missing))}")
    folder = str(ROOT / "manifests/overlays" / overlay)
    tried = kubectl("apply", "--dry-run=server", "-k", folder)
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.count("dry run") == len(objects)
