"""The wheel has what git has of the package and its five rooms, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("components", "pipelines", "serving", "monitoring")
BUILT = ("src", *ROOMS, "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "setup.cfg")
SHIPPED = {".py", ".typed", ".html", ".css", ".yaml", ".md", ".j2"}


def has(module: str) -> bool:
    program = f"import {module}"
    return not subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False
    ).returncode


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel through the source distribution, from a copy, with what .venv has."""
    for module in ("build", "setuptools"):
        if not has(module):
            pytest.skip(f"{module} is not installed here, and a test fetches nothing")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in BUILT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True, ignore=ignored)
        elif source.exists():
            shutil.copy2(source, copy / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    (made,) = out.glob("*.whl")
    return made


def tracked() -> set[str]:
    """Return what the wheel should have, as paths in it: git's files, new ones included."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", "src/mdlc", *ROOMS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = set()
    for line in listed.stdout.splitlines():
        if Path(line).suffix in SHIPPED and (ROOT / line).is_file():
            found.add(line.removeprefix("src/") if line.startswith("src/") else f"mdlc/{line}")
    return found


@pytest.mark.slow
def test_the_wheel_has_what_git_has(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == tracked()
    assert not any("test_" in name or name.startswith("tests/") for name in names)


@pytest.mark.slow
def test_templates_styles_and_readmes_ship(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        assert b"Name: mdlc" in archive.read(metadata)
        declared = next(name for name in names if name.endswith(".dist-info/entry_points.txt"))
        assert b"[mdlc.candidates]" in archive.read(declared)
    assert "mdlc/monitoring/report/templates/page.html.j2" in names
    assert "mdlc/monitoring/report/templates/style.css" in names
    assert "mdlc/components/training/README.md" in names
    assert "mdlc/py.typed" in names


@pytest.mark.slow
def test_the_source_distribution_has_no_links_out(wheel: Path) -> None:
    (source,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        links = [item.name for item in archive.getmembers() if item.issym() or item.islnk()]
    assert links == []


@pytest.mark.slow
def test_the_wheel_alone_is_enough_to_run_the_command(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202 - our own wheel
    program = (
        "import mdlc, sys; assert mdlc.__file__.startswith(sys.argv.pop(1)), mdlc.__file__;"
        "from mdlc.__main__ import main; main()"
    )
    command = [sys.executable, "-c", program, str(tmp_path), "--version"]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path / "site",
    )
    assert ended.stdout.startswith("mdlc "), ended.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_only_importable_inside_the_package(room: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", f"import {room}"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"No module named '{room}'" in ended.stderr
