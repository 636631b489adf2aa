"""What a stage computes depends on the code that it reaches and on libraries; on nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import mdlc
from mdlc.pipelines.cache import code_digests
from mdlc.pipelines.stage_arguments import STAGES

ALL = set(STAGES)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a copy of the package that the digests are taken from."""
    root = tmp_path / "mdlc"
    source = Path(mdlc.__file__).parent
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("*.pyc", "__pycache__"))
    monkeypatch.setattr(mdlc, "__file__", str(root / "__init__.py"))
    forget()
    yield root
    forget()


def forget() -> None:
    for cached in (
        code_digests.stage_code,
        code_digests.import_graph,
        code_digests.pipeline_code,
        code_digests.library_versions,
    ):
        cached.cache_clear()


def digests() -> dict[str, str]:
    forget()
    stages = {stage: code_digests.stage_code(stage) for stage in STAGES}
    return {**stages, "the pipeline": code_digests.pipeline_code()}


def change(file: Path) -> None:
    """Change what a module holds: a message, a number, a line."""
    with file.open("a") as text:
        text.write("\nCHANGED = 1\n")


def changed_by(*files: Path) -> set[str]:
    before = digests()
    for file in files:
        change(file)
    return {name for name, digest in digests().items() if digest != before[name]}


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("components/business/finance.py", {"business"}),
        ("components/training/component.py", {"training", "the pipeline"}),
        ("components/training/candidates/lightgbm.py", {"training"}),
        ("core/errors.py", ALL),
        ("core/steps.py", {*ALL, "the pipeline"}),
        ("core/bundle.py", {"training", "evaluation", "deployment"}),
        ("core/payoff.py", {"business", "selection", "training", "evaluation"}),
        ("core/documents/evaluation_result.py", {"evaluation", "deployment"}),
        ("core/spec/cluster.py", set()),
        ("core/spec/deploy.py", set()),
        ("core/spec/load.py", set()),
        ("core/spec/lifecycle.py", set()),
        ("pipelines/training_pipeline.py", {"the pipeline"}),
        ("__init__.py", set()),
    ],
)
def test_a_change_reaches_the_stages_that_import_it(
    package: Path, file: str, changed: set[str]
) -> None:
    assert changed_by(package / file) == changed


@pytest.mark.parametrize("folder", ["kubernetes", "state", "services", "kserve", "monitoring"])
def test_a_change_outside_of_the_core_leaves_every_stage_cached(package: Path, folder: str) -> None:
    """Such as of a message of Kubernetes, a document of the workspace, a server's log."""
    files = sorted((package / folder).rglob("*.py"))
    assert len(files) > 2
    assert changed_by(*files) == set()


def test_a_lazy_import_counts_and_so_does_what_it_reaches(package: Path) -> None:
    extra, far = package / "core/extra.py", package / "core/far.py"
    far.write_text("NUMBER = 1\n")
    extra.write_text("def number():\n    from mdlc.core import far\n    return far.NUMBER\n")
    with (package / "components/business/finance.py").open("a") as text:
        text.write("\ndef lazy():\n    if True:\n        from mdlc.core.extra import (\n")
        text.write("            number,  # a comment\n        )\n        return number()\n")
    assert changed_by(extra) == {"business"}
    assert changed_by(far) == {"business"}


def test_another_file_in_place_of_a_module_counts(package: Path) -> None:
    before = digests()["business"]
    finance = package / "components/business/finance.py"
    finance.rename(finance.with_name("capital.py"))
    assert digests()["business"] != before


def test_readme_files_do_not_count(package: Path) -> None:
    assert changed_by(package / "components/business/README.md") == set()


def test_a_change_of_a_library(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests()["training"]
    versions = code_digests.library_versions()
    with monkeypatch.context() as patched:
        patched.setattr(code_digests, "library_versions", lambda: versions | {"numpy": "0"})
        code_digests.stage_code.cache_clear()
        assert code_digests.stage_code("training") != before


def test_a_library_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setattr(code_digests, "LIBRARIES", ("no-such-library",))
    assert code_digests.library_versions()["no-such-library"] == ""
    forget()
