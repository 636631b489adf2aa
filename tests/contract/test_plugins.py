"""A plug-in of another package, installed from its wheel, takes part in a whole life.

`tests/plugins/example` adds a kind of model, a reader and a data check; nothing in mdlc names
them. The lifecycle here names all three.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mdlc.core.bundle import MANIFEST
from tests import tiny
from tests.services.predictor import predictor

SOURCE = Path(__file__).parents[1] / "plugins/example"
CANDIDATE = "[{kind: extra_trees, params: {bootstrap: true, n_estimators: 20}}]"
NEVER = "{when: [{column: x, at_least: 100}]}"
"""A rule that knows nothing, so that the plug-in's model is the one to be released."""
CHECKS = "    checks: [{column: group, share: {of: a, at_most: 0.9}}]\n"
SUITE = """\
from mdlc.components.training.candidates.candidate_suite import CandidateSuite


class TestExtraTrees(CandidateSuite):
    kind = "extra_trees"
    small = {"n_estimators": 5}
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it: a wheel of pure Python is installed by unpacking it."""
    pytest.importorskip("build", reason="build is not installed here, and a test fetches nothing")
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(SOURCE, folder / "source")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    built = subprocess.run(
        [*command, str(folder / "dist"), str(folder / "source")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def life(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a lifecycle that has run with the plug-in."""
    folder = tmp_path_factory.mktemp("life")
    tiny.write_rows(folder / "rows.csv", days=31)
    with (folder / "rows.csv").open() as file:
        head, *rows = csv.reader(file)
    widths = [1 + max(len(row[place]) for row in rows) for place in range(len(head))]
    lines = ["".join(map(str.ljust, row, widths)) for row in rows]
    (folder / "rows.txt").write_text("\n".join([*lines, ""]))
    layout = ", ".join(f"{name}: {width}" for name, width in zip(head, widths, strict=True))
    path = tiny.write_file(
        folder,
        ("csv: rows.csv", f"fixed_width: {{location: rows.txt, widths: {{{layout}}}}}"),
        ("candidates: [logistic]", f"candidates: {CANDIDATE}\n    rule: {NEVER}"),
        ("    target: answer\n", f"    target: answer\n{CHECKS}"),
    )
    ended = run(site, "run", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return path


def run(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the real command with the plug-in installed."""
    return tiny.mdlc(*arguments, PYTHONPATH=with_plugin(site))


def with_plugin(site: Path) -> str:
    return os.pathsep.join(part for part in (str(site), os.environ.get("PYTHONPATH", "")) if part)


def states(site: Path, file: Path) -> dict[str, str]:
    planned = json.loads(run(site, "plan", file, "--json").stdout)
    return {stage["stage"]: stage["state"] for stage in planned["stages"]}


def refusal(site: Path, life: Path, folder: Path, old: str, new: str) -> str:
    """Return what validate says of a changed file beside the same rows."""
    shutil.copy(life.parent / "rows.txt", folder)
    text = life.read_text()
    assert text.count(old) == 1
    changed = folder / "lifecycle.yaml"
    changed.write_text(text.replace(old, new))
    ended = run(site, "validate", changed)
    assert ended.returncode != 0
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_the_wheel_was_enough_for_a_run(life: Path) -> None:
    (trained,) = (life.parent / ".mdlc/tiny/artifacts").rglob("training.json")
    candidates = {c["kind"]: c for c in json.loads(trained.read_text())["candidates"]}
    made = candidates["extra_trees"]
    assert made["refused"] == ""
    assert made["params"]["bootstrap"] is True
    assert made["params"]["n_estimators"] == 20
    assert made["params"]["min_samples_leaf"] == 5


def test_its_model_is_served_where_the_plug_in_is_not_installed(
    site: Path, life: Path, tmp_path: Path
) -> None:
    pytest.importorskip("kserve")
    home = life.parent / ".mdlc/tiny"
    pointer = home / "serving.json"
    manifest = json.loads((home / json.loads(pointer.read_text())["bundle"] / MANIFEST).read_text())
    assert manifest["candidate"] == "extra_trees"
    row = {"x": 1.5, "y": 1.5, "group": "a"}
    with predictor(tmp_path, pointer=pointer) as server:
        answer = server.client.post("/v1/models/tiny:predict", json={"instances": [row]}).json()
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    here = json.loads(run(site, "predict", life, "--rows", tmp_path / "rows.json", "--json").stdout)
    assert answer["predictions"][0]["scores"] == pytest.approx(
        here["predictions"][0]["scores"], abs=1e-6
    )
    assert answer["predictions"][0]["action"] == "act"


def test_the_schema_of_the_file_has_its_sections(site: Path) -> None:
    schema = json.loads(run(site, "schema").stdout)["$defs"]
    assert schema["Source"]["properties"]["fixed_width"]["anyOf"][0] == {"$ref": "#/$defs/Layout"}
    assert schema["Layout"]["required"] == ["location", "widths"]
    assert schema["Bound"]["properties"]["at_most"]["maximum"] == 1
    assert "extra_trees" in json.dumps(schema["CandidateChoice"])
    assert "bootstrap" in json.dumps(schema["CandidateChoice"])


@pytest.mark.parametrize(
    "change",
    [
        ("{location: rows.txt,", "{locatoin: rows.txt,", "locatoin: unknown key locatoin; did you"),
        ("id: 4", "id: 0", "fixed_width.widths.id: input should be greater than or equal to 1"),
        ("id: 4", "id: 5", "fixed_width.widths: line 1: "),
        ("at_most: 0.9", "at_most: 9", "checks[0].share.at_most: input should be less than"),
        ("{column: group, share", "{share", "checks[0].share: share is about a column"),
        ("bootstrap: true", "bootstrp: true", "extra_trees has no hyperparameter bootstrp; did"),
        ("bootstrap: true", "bootstrap: 7", "params.bootstrap: input should be a valid boolean"),
        ("kind: extra_trees", "kind: extra_tree", "called extra_tree; did you mean extra_trees?"),
    ],
)
def test_its_sections_are_checked_with_their_line(
    site: Path, life: Path, tmp_path: Path, change: tuple[str, str, str]
) -> None:
    old, new, says = change
    error = refusal(site, life, tmp_path, old, new)
    line = 1 + next(n for n, text in enumerate(life.read_text().splitlines()) if old in text)
    assert f"lifecycle.yaml:{line}: spec." in error
    assert says in error


def test_without_it_the_file_says_what_is_lacking(life: Path) -> None:
    ended = tiny.mdlc("validate", life)
    assert ended.returncode == 3
    assert ended.stderr.count("\n") == 1
    assert ": spec.data.sources.rows.fixed_width: unknown key fixed_width; " in ended.stderr
    assert "the entry point fixed_width in 'mdlc.readers'" in ended.stderr


def test_its_check_stops_a_run(site: Path, life: Path, tmp_path: Path) -> None:
    shutil.copy(life.parent / "rows.txt", tmp_path)
    file = tmp_path / "lifecycle.yaml"
    file.write_text(life.read_text().replace("at_most: 0.9", "at_most: 0.1"))
    ended = run(site, "run", file)
    assert ended.returncode == 4
    assert "data test failed: group: at most 10% are a" in ended.stderr


def test_its_code_and_version_are_in_the_questions_of_the_stages_that_call_it(
    site: Path, life: Path, tmp_path: Path
) -> None:
    assert set(states(site, life).values()) == {"cached"}
    changed = tmp_path / "site"
    shutil.copytree(site, changed)
    with (changed / "mdlc_example/share.py").open("a") as code:
        code.write("# changed\n")
    after = states(changed, life)
    assert (after["business"], after["collection"]) == ("cached", "run")
    newer = tmp_path / "newer"
    shutil.copytree(site, newer)
    (metadata,) = newer.glob("*.dist-info/METADATA")
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    assert states(newer, life)["collection"] == "run"


def test_its_kind_passes_the_suite_of_every_kind(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_extra_trees.py").write_text(SUITE)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=tiny.environment(PYTHONPATH=with_plugin(site)),
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert " passed" in ended.stdout
