"""Builds a kustomization with the kustomize or kubectl that is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml

from .objects import Object

SECONDS = 60


class BuildError(Exception):
    """kustomize refused; the text is its last line."""


def program() -> list[str] | None:
    """Return the command that builds a folder, None where there is none."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def build(folder: Path) -> list[Object]:
    """Return the objects of an overlay.

    Raises:
        BuildError: kustomize refuses it, or there is no kustomize.
    """
    command = program()
    if command is None:
        raise BuildError("neither kustomize nor kubectl is installed")
    ended = subprocess.run(  # noqa: S603 - a fixed command and a folder
        [*command, str(folder)], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or ["no reason given"]
        raise BuildError(lines[-1])
    return [item for item in yaml.safe_load_all(ended.stdout) if item]
