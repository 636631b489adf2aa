"""The verbs explain themselves, start light, and speak JSON; their exit codes are the errors'."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mdlc.cli.main import app
from mdlc.core.errors import MdlcError
from tests import tiny

GROUP = typer.main.get_command(app)
COMMANDS: dict[str, Any] = vars(GROUP)["commands"]
VERBS = sorted(COMMANDS)
HEAVY = {
    *("pandas", "ibis", "kfp", "sklearn", "mlflow", "tensorflow", "plotly", "kserve", "duckdb"),
    *("numpy", "pyarrow", "sqlalchemy", "httpx", "onnxruntime", "ruamel", "pydantic"),
}
HOST = ["--host", "http://localhost:1"]
RUNNER = CliRunner(env={"COLUMNS": "200", "MDLC_HOME": None})


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_of_the_verb(verb: str) -> None:
    result = RUNNER.invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Examples?:\s+(\w+=\S+ )?mdlc {verb}", result.output)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_and_argument_is_described(verb: str) -> None:
    for parameter in COMMANDS[verb].params:
        if getattr(parameter, "hidden", False):
            continue  # for mdlc itself, such as the trigger's call of retrain
        assert getattr(parameter, "help", None), f"{verb}: {parameter.name}"


def test_the_verbs_are_those_of_a_life() -> None:
    assert set(VERBS) == {
        *("init", "validate", "schema", "plan", "run", "status", "serve", "predict"),
        *("replay", "retrain", "report", "history", "render"),
        *("promote", "rollback", "story", "trigger", "rehearse"),
        *("compile", "submit", "schedule", "logs", "doctor", "deploy", "controller"),
    }


def test_importing_the_command_imports_nothing_heavy() -> None:
    program = "import sys, json, mdlc.cli.main; print(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(shown.stdout)}
    assert not loaded & HEAVY


def test_the_exit_codes_in_help_are_the_errors() -> None:
    text = GROUP.epilog or ""
    documented = {int(code): word for code, word in re.findall(r"(\d+) (\w+)", text)}
    named = {kind.exit_code: kind.__name__ for kind in MdlcError.__subclasses__()}
    assert set(documented) == {0, 1, 2, 130, 143, *named}
    words = {"file": "SpecError", "data": "DataError", "stored": "ArtifactError"}
    for code, name in named.items():
        word = documented[code]
        assert words.get(word, f"{word.capitalize()}Error") == name


def test_no_verb_is_help_and_a_wrong_one_is_a_usage_error() -> None:
    assert "replay" in RUNNER.invoke(app, []).output
    assert RUNNER.invoke(app, ["trian"]).exit_code == 2
    assert RUNNER.invoke(app, ["--version"]).output == "mdlc 0.1.0\n"


def test_schema_is_json_schema_and_describes_the_file() -> None:
    result = RUNNER.invoke(app, ["schema"])
    schema = json.loads(result.stdout)
    assert set(schema["required"]) == {"apiVersion", "kind", "metadata", "spec"}
    assert schema["additionalProperties"] is False


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tiny.write_rows(tmp_path / "rows.csv", days=2)
    return tiny.write_file(tmp_path)


def test_validate_speaks_json(file: Path) -> None:
    result = RUNNER.invoke(app, ["validate", str(file), "--json", "--no-data"])
    assert json.loads(result.stdout) == {"name": "tiny", "valid": True}


def test_validate_refuses_what_run_refuses(file: Path) -> None:
    """Two days of rows leave nothing to train on: the windows of the file are longer."""
    result = RUNNER.invoke(app, ["validate", str(file)])
    assert result.exit_code == 4
    assert "spec.model.split" in result.stderr


def test_a_refusal_comes_with_what_earlier_stages_said(tmp_path: Path) -> None:
    """A time that is text for one cell's sake: the line about the cell says why."""
    rows = tmp_path / "rows.csv"
    tiny.write_rows(rows)
    rows.write_text(rows.read_text().replace("2026-01-02 00:00:00", "soon", 1))
    result = RUNNER.invoke(app, ["validate", str(tiny.write_file(tmp_path))])
    assert result.exit_code == 3, result.output
    assert "rows.known: it is text, though 799 of 800 values are times: not soon" in result.stderr
    assert "known is string, not a time" in result.stderr


def test_validate_says_how_the_data_were_read(tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "rows.csv", extra={"zip": lambda day, _: f"{day:05d}"})
    file = tiny.write_file(tmp_path)
    result = RUNNER.invoke(app, ["validate", str(file)], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    assert "rows.zip: it is kept as text, for its leading zeros, as in 00000" in result.stdout
    assert "asked, known: no feature: it is a time" in result.stdout
    assert "zip: no feature: spec.data.features does not list it" in result.stdout
    told = json.loads(RUNNER.invoke(app, ["validate", str(file), "--json"]).stdout)["data"]
    assert [remark["column"] for remark in told["remarks"]] == ["zip"]
    assert {"column": "id", "why": "it is an identifier"} in told["not_features"]


def test_plan_speaks_json_before_any_run(file: Path) -> None:
    result = RUNNER.invoke(app, ["plan", str(file), "--json"])
    assert [s["state"] for s in json.loads(result.stdout)["stages"]].count("run") == 2


def test_status_and_history_speak_json_before_any_run(file: Path) -> None:
    status = json.loads(RUNNER.invoke(app, ["status", str(file), "--json"]).stdout)
    assert (status["serving"], status["runs"]) == (None, [])
    assert json.loads(RUNNER.invoke(app, ["history", str(file), "--json"]).stdout) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serve"], "no released model; make one with mdlc run"),
        (["predict", "--rows", "rows.csv"], "no released model"),
        (["predict"], "no data yet; make a model with mdlc run"),
        (["retrain"], "no released model"),
    ],
)
def test_verbs_that_need_a_model_say_so(
    file: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(file.parent)
    result = RUNNER.invoke(app, [arguments[0], str(file), *arguments[1:]])
    assert result.exit_code in {1, 4}
    assert says in result.stderr


def test_a_missing_file_is_a_spec_error(tmp_path: Path) -> None:
    more = {"story": ["an id"], "submit": HOST, "schedule": [*HOST, "--every", "7d"]}
    for verb in set(VERBS) - {"init", "schema", "render", "doctor", "controller"}:
        result = RUNNER.invoke(app, [verb, str(tmp_path / "nowhere.yaml"), *more.get(verb, [])])
        assert result.exit_code == 3, verb
        assert "cannot read" in result.stderr


def test_verbose_shows_the_traceback(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["validate", str(tmp_path / "nowhere.yaml"), "-v"])
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("rows.json", b"{", "not JSON"),
        ("rows.json", b"[1]", "a list of rows"),
        ("rows.json", b"\xff\xfe", "not UTF-8"),
        ("rows.parquet", b"PAR1", "rows.parquet"),
        ("rows.csv", b"", "rows.csv"),
        ("rows.json", b"[]", "has no rows"),
        ("folder.json", None, "cannot read"),
    ],
)
def test_rows_that_cannot_be_read_are_a_data_error(
    file: Path, name: str, content: bytes | None, says: str
) -> None:
    path = file.parent / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    result = RUNNER.invoke(app, ["predict", str(file), "--rows", str(path)])
    assert result.exit_code == 4
    assert says in result.stderr


def test_a_server_that_does_not_answer_is_a_service_error(file: Path) -> None:
    rows = file.parent / "rows.json"
    rows.write_text("[{}]")
    arguments = ["predict", str(file), "--rows", str(rows), "--url", "http://127.0.0.1:9"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 9
    assert "start it with mdlc serve" in result.stderr


def test_a_token_variable_that_is_not_set_is_named(file: Path) -> None:
    rows = file.parent / "rows.json"
    rows.write_text("[{}]")
    arguments = ["predict", str(file), "--rows", str(rows), "--url", "http://127.0.0.1:9"]
    result = RUNNER.invoke(app, [*arguments, "--token-env", "NOT_SET_HERE"])
    assert result.exit_code == 1
    assert "NOT_SET_HERE is not set" in result.stderr
