"""The verb: it parses, calls one function, and says what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from mdlc.cli.main import app
from tests.unit.monitoring.render.lifecycles import lifecycle

RUNNER = CliRunner(env={"COLUMNS": "200"})


def file(folder: Path, name: str = "flights", **monitor: str) -> str:
    path = folder / f"{name}.yaml"
    content = lifecycle(name, monitor=dict(monitor)).model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    path.write_text(yaml.safe_dump(content))
    return str(path)


def run(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["render", "monitoring", *arguments])
    return result.exit_code, result.output


def test_it_lists_what_it_wrote_and_how_long_to_keep(tmp_path: Path) -> None:
    out = tmp_path / "build"
    code, output = run(file(tmp_path), "--out", str(out), "--target", "plain")
    assert code == 0, output
    listed = {line for line in output.splitlines() if line.startswith(str(out))}
    assert listed == {str(path) for path in out.rglob("*") if path.is_file()}
    assert "Prometheus has to keep 36d" in output


def test_json_names_the_same_files(tmp_path: Path) -> None:
    out = tmp_path / "build"
    code, output = run(file(tmp_path), file(tmp_path, "digits"), "--out", str(out), "--json")
    assert code == 0, output
    said = json.loads(output)
    assert {out / name for name in said["files"]} == {p for p in out.rglob("*") if p.is_file()}
    assert said["retention"] == "36d"
    assert said["namespaces"] == {"digits": "default", "flights": "default"}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--target", "helm"], "error: option --target: 'helm' is none of plain, operator, all"),
        (["--trigger-url", "http://t.example.org"], "error: option --trigger-token-file: "),
        (["--predictor", "x"], "error: option --predictor: 'x' is not HOST:PORT"),
    ],
)
def test_a_wrong_option_is_one_line_and_a_usage_error(
    tmp_path: Path, options: list[str], why: str
) -> None:
    code, output = run(file(tmp_path), "--out", str(tmp_path / "build"), *options)
    assert code == 2
    assert why in output
    assert len(output.splitlines()) == 1
    assert not (tmp_path / "build").exists()


def test_what_is_wrong_with_the_file_has_a_line(tmp_path: Path) -> None:
    path = file(tmp_path, scrape="0s")
    code, output = run(path, "--out", str(tmp_path / "build"))
    assert code == 3
    number = 1 + [line.strip() for line in Path(path).read_text().splitlines()].index("scrape: 0s")
    assert f"{path}:{number}: spec.monitor.scrape: " in output


def test_rules_of_another_rendering_are_pointed_out(tmp_path: Path) -> None:
    out = str(tmp_path / "build")
    run(file(tmp_path, "digits"), "--out", out)
    _, output = run(file(tmp_path), "--out", out)
    assert "digits.rules.yaml is from before and not used now" in output


def test_help_has_an_example_and_describes_every_option() -> None:
    output = RUNNER.invoke(app, ["render", "monitoring", "--help"]).output
    assert "Example: mdlc render monitoring lifecycle.yaml --out build" in output
    page = (Path(__file__).parents[4] / "docs" / "cli.md").read_text()
    part = page.partition("## `mdlc render`\n")[2].partition("\n## ")[0]
    common = page.partition("## What all verbs share")[2].partition("\n## ")[0]
    options = [word for word in output.split() if word.startswith("--")]
    assert len(options) >= 12
    for option in options:
        assert f"`{option.strip(',')}" in part + common, option
