"""Every image is built in stages from the standard base, runs as nobody, and keeps no secret."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "images").glob("*/Containerfile"))
BASE = "python:3.11-slim-bookworm"


def stages(text: str) -> list[str]:
    return re.split(r"^(?=FROM )", text, flags=re.M)[1:]


def test_there_are_three() -> None:
    assert [path.parent.name for path in FILES] == ["mlflow", "serving", "steps"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_a_containerfile_keeps_the_rules(path: Path) -> None:
    text = path.read_text()
    assert f"ARG BASE={BASE}\n" in text
    parts = stages(text)
    assert len(parts) >= 2
    assert "\nUSER 65532:65532\n" in parts[-1]
    assert "_DISABLE_TELEMETRY=1" in parts[-1]
    # The last stage copies what is made: it runs nothing, so it has no tools and no package index.
    assert not re.search(r"^(RUN|ADD)\b", parts[-1], re.M)
    assert re.findall(r"^COPY .*", parts[-1], re.M) == ["COPY --from=build /opt/mdlc /opt/mdlc"]
    for run in re.findall(r"^RUN (?:.*\\\n)*.*", text, re.M):
        # What is made of the source asks no index.
        if ".sh" in run and "/build/source" not in run:
            assert "type=secret,id=pip.conf" in run
            assert "type=secret,id=ca.crt" in run
    assert "INDEX_URL" not in text


def test_packages_are_checked_by_hash_and_are_wheels() -> None:
    for name in ("install.sh", "tools.sh"):
        text = (ROOT / "images/build" / name).read_text().replace("\\\n", "")
        lines = re.findall(r"^.*pip .* -r .*$", text, re.M)
        assert lines
        for line in lines:
            assert "--require-hashes" in line
            assert "--no-deps" in line
            assert "--only-binary :all:" in line or "sources.lock" in line
    finish = (ROOT / "images/build/finish.sh").read_text()
    assert "cyclonedx-py" in finish
    assert "--no-index" in finish


def test_only_what_is_named_goes_into_a_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    allowed = {line for line in lines if line.startswith("!")}
    assert not any(word in line for line in allowed for word in ("test", ".git", ".env", "mdlc/"))


def test_images_are_those_of_the_manifests() -> None:
    script = (ROOT / "tools/images.sh").read_text()
    named = set()
    for path in (ROOT / "manifests/overlays").rglob("kustomization.yaml"):
        named |= set(re.findall(r"name: mdlc-([a-z-]+), newTag", path.read_text()))
    assert named == {"steps", "serving", "serving-deep", "serving-gpu", "mlflow"}
    (known,) = re.findall(r"^    (steps \| .*)\) ;;$", script, re.M)
    assert named <= set(known.split(" | "))


SCRIPTS = [
    "tools/images.sh",
    "tools/image_locks.sh",
    "images/build/install.sh",
    "images/build/finish.sh",
    "images/build/tools.sh",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_parse(script: str) -> None:
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "engine", "why"),
    [
        (["servings"], "docker", "no image is named servings"),
        (["serving"], "cars", "ENGINE is cars"),
    ],
)
def test_what_is_not_known_is_refused(arguments: list[str], engine: str, why: str) -> None:
    ended = subprocess.run(
        [ROOT / "tools/images.sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ENGINE": engine},
    )
    assert ended.returncode != 0
    assert why in ended.stderr
