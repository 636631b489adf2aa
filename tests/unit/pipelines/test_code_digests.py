"""What a stage computes depends on its code, the core, and the libraries; on nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import mdlc
from mdlc.pipelines.cache import code_digests


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a small copy of the package that the digests are taken from."""
    root = tmp_path / "mdlc"
    source = Path(mdlc.__file__).parent
    for folder in ("core", "components/business", "components/training", "pipelines"):
        shutil.copytree(source / folder, root / folder, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(mdlc, "__file__", str(root / "__init__.py"))
    forget()
    yield root
    forget()


def forget() -> None:
    for cached in (
        code_digests.stage_code,
        code_digests.pipeline_code,
        code_digests.library_versions,
    ):
        cached.cache_clear()


def digests() -> tuple[str, str, str]:
    forget()
    return (
        code_digests.stage_code("business"),
        code_digests.stage_code("training"),
        code_digests.pipeline_code(),
    )


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("components/business/finance.py", (True, False, False)),
        ("components/training/component.py", (False, True, True)),
        ("core/errors.py", (True, True, False)),
        ("core/steps.py", (True, True, True)),
        ("pipelines/training_pipeline.py", (False, False, True)),
        ("components/business/README.md", (False, False, False)),
    ],
)
def test_a_change_of_a_file(package: Path, file: str, changed: tuple[bool, ...]) -> None:
    before = digests()
    with (package / file).open("a") as text:
        text.write("\n# changed\n")
    assert tuple(a != b for a, b in zip(before, digests(), strict=True)) == changed


def test_a_change_of_a_library(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests()
    versions = code_digests.library_versions()
    with monkeypatch.context() as patched:
        patched.setattr(code_digests, "library_versions", lambda: versions | {"numpy": "0"})
        code_digests.stage_code.cache_clear()
        assert code_digests.stage_code("training") != before[1]


def test_a_library_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setattr(code_digests, "LIBRARIES", ("no-such-library",))
    assert code_digests.library_versions()["no-such-library"] == ""
    forget()
