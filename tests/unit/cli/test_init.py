"""A first file fits the data that it is given, validates, and is never written over another."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from mdlc.cli.main import app
from mdlc.core.spec import Lifecycle, load
from tests import tiny

RUNNER = CliRunner(env={"COLUMNS": "200", "MDLC_HOME": None})
ROWS = 120


def write(folder: Path, values: list[str], *, name: str = "shop visits.csv") -> Path:
    path = folder / name
    lines = [f"{number},{number % 7},{values[number % len(values)]}" for number in range(ROWS)]
    path.write_text("\n".join(["id,x,answer", *lines]) + "\n")
    return path


def init(folder: Path, *arguments: str | Path) -> tuple[int, str, Path]:
    file = folder / "lifecycle.yaml"
    result = RUNNER.invoke(app, ["init", str(file), *map(str, arguments)])
    return result.exit_code, result.output, file


def uncommented(file: Path) -> Lifecycle:
    """Take the example of a payoff for what the file says."""
    text = file.read_text()
    start, end = text.index("    # payoff:"), text.index("  data:")
    example = re.sub(r"^    # ", "    ", text[start:end], flags=re.MULTILINE)
    file.write_text(text[:start] + example + text[end:])
    return load(file)


@pytest.mark.parametrize(
    ("values", "payoff"),
    [
        (
            ["left", "bought"],
            {"act": {"bought": -1, "left": 2}, "nothing": {"bought": 0, "left": 0}},
        ),
        (["0", "1"], {"act": {"0": -1, "1": 2}, "nothing": {"0": 0, "1": 0}}),
        (["no", "yes"], None),
        (["true", "false"], {"act": {"false": -1, "true": 2}, "nothing": {"false": 0, "true": 0}}),
        (['"say ""a"": #1"', "b: c"], None),
    ],
)
def test_no_money_is_invented_and_the_example_fits_two_classes(
    tmp_path: Path, values: list[str], payoff: dict[str, dict[str, float]] | None
) -> None:
    code, output, file = init(tmp_path, "--data", write(tmp_path, values), "--target", "answer")
    assert code == 0, output
    lifecycle = load(file)
    assert lifecycle.name == "shop-visits"
    assert lifecycle.spec.business.payoff is None
    assert lifecycle.spec.business.decisions_per_year is None
    assert RUNNER.invoke(app, ["validate", str(file)]).exit_code == 0
    example = uncommented(file).spec.business.payoff
    assert example is not None
    assert payoff is None or example.actions == payoff
    assert RUNNER.invoke(app, ["validate", str(file)]).exit_code == 0


def test_a_name_that_yaml_would_misread_is_quoted(tmp_path: Path) -> None:
    data = write(tmp_path, ["a", "b"], name="visits: #1.csv")
    code, output, file = init(tmp_path, "--data", data, "--target", "answer")
    assert code == 0, output
    assert load(file).spec.data.sources["rows"].location == "visits: #1.csv"


@pytest.mark.parametrize("values", [["a", "b", "c"], ["1", "2", "3"]])
def test_more_classes_get_right_and_wrong(tmp_path: Path, values: list[str]) -> None:
    _, _, file = init(tmp_path, "--data", write(tmp_path, values), "--target", "answer")
    example = uncommented(file).spec.business.payoff
    assert example is not None
    assert example.right == 1


def test_numbers_get_under_and_over(tmp_path: Path) -> None:
    data = write(tmp_path, ["1.5", "2.25", "3"])
    _, _, file = init(tmp_path, "--data", data, "--target", "answer", "--name", "price")
    example = uncommented(file).spec.business.payoff
    assert example is not None
    assert (load(file).name, example.under) == ("price", -1)


def test_without_data_it_is_a_whole_file_too(tmp_path: Path) -> None:
    assert init(tmp_path)[0] == 0
    assert load(tmp_path / "lifecycle.yaml").name == "my-model"


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.yaml").write_text("mine")
    code, output, file = init(tmp_path)
    assert code == 1
    assert "exists; give another name" in output
    assert file.read_text() == "mine"


HEADERS = [
    ["order", "select", "group", "answer"],
    ["Customer Age", "km/h", "größe", "answer"],
    ["2nd", "a b", "a_b", "answer"],
    ["x", "X", "x.1", "answer"],
    ["", "Unnamed: 0", "x" * 80, "answer"],
    ["id", "time", "key", "was it bought?"],
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[0] or "nameless")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_any_header_makes_a_file_that_validates(
    tmp_path: Path, header: list[str], kind: str
) -> None:
    if kind == "parquet" and not header[0]:
        header = ["__index_level_0__", *header[1:]]
    columns: list[list[object]] = [[n * (c + 3) % 17 + 1 for n in range(ROWS)] for c in range(3)]
    columns.append([["no", "yes"][n % 17 > 8] for n in range(ROWS)])
    data = tmp_path / f"DATA.{kind.upper()}"
    if kind == "csv":
        rows = [header, *zip(*columns, strict=True)]
        data.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    else:
        pq.write_table(pa.table(columns, names=header), data)
    code, output, file = init(tmp_path, "--data", data, "--target", header[-1])
    assert code == 0, output
    ended = RUNNER.invoke(app, ["validate", str(file), "--json"])
    assert ended.exit_code == 0, ended.output
    assert load(file).spec.data.target == ("was_it_bought" if "?" in header[-1] else "answer")


def test_what_the_data_show_is_written_into_the_file(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    lines = [f"{n},5;{n};0{n % 9 + 1}/13/2024;0{n % 9 + 1}/01/2024;{n % 2}" for n in range(60)]
    lines.append("1,25;?;01/14/2024;01/02/2024;0")
    data.write_bytes("\n".join(["price;count;seen;since;answer", *lines]).encode("utf-16"))
    code, output, file = init(tmp_path, "--data", data, "--target", "answer")
    assert code == 0, output
    source = load(file).spec.data.sources["rows"]
    assert (source.encoding, source.delimiter, source.decimal) == ("utf-16", ";", ",")
    assert source.nulls == ["", "NA", "NULL", "?"]
    assert source.date_format == {"since": "%m/%d/%Y"}
    assert "since is read with month first" in output


def test_a_comma_that_may_be_two_marks_is_left_to_a_person(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    rows = [f'"{n + 1},{n:03d}",{n / 8},{n % 2}' for n in range(60)]
    data.write_text("\n".join(["v,x,answer", *rows]) + "\n")
    code, output, file = init(tmp_path, "--data", data, "--target", "answer")
    assert code == 0, output
    source = load(file).spec.data.sources["rows"]
    assert (source.decimal, source.thousands) == (".", "")


def test_a_row_with_other_values_is_one_line(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("Report of May\n\nx,answer\n1,2\n")
    code, output, _ = init(tmp_path, "--data", data, "--target", "answer")
    assert code == 4
    assert "line 3: 2 values where the first line has 1" in output


def test_whole_floats_with_gaps_are_classes(tmp_path: Path) -> None:
    data = write(tmp_path, ["1.0", "0.0", ""])
    _, _, file = init(tmp_path, "--data", data, "--target", "answer")
    assert load(file).spec.business.payoff is None
    assert '"0": -1, "1": 2' in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--data", "DATA"], 4, "add --target COLUMN"),
        (["--data", "DATA", "--target", "anwser"], 4, "did you mean answer?"),
        (["--data", "nowhere.csv", "--target", "a"], 4, "nowhere.csv"),
        (["--data", "rows.xlsx", "--target", "a"], 4, "does not end with one of"),
        (["--name", "My Model"], 1, "lower-case"),
    ],
)
def test_what_cannot_be_fitted_is_said(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    data = str(write(tmp_path, ["a", "b"]))
    ended, output, file = init(tmp_path, *(data if a == "DATA" else a for a in arguments))
    assert ended == code
    assert says in output
    assert not file.exists()


def test_data_elsewhere_are_read_by_the_file_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    data = write(tmp_path, ["a", "b"])
    ended, output, file = init(tmp_path / "mine", "--data", data, "--target", "answer")
    assert ended == 0
    assert (
        "is outside of the file's folder: noted that your runs of files there may read it" in output
    )
    checked = RUNNER.invoke(app, ["validate", str(file)])
    assert checked.exit_code == 0, checked.output
    file.write_text(file.read_text().replace(data.name, "other.csv"))
    assert RUNNER.invoke(app, ["validate", str(file)]).exit_code == 3


@pytest.mark.slow
def test_a_first_file_for_numbers_runs(tmp_path: Path) -> None:
    data = tmp_path / "houses.csv"
    rows = [f"{n},{n % 17},{2.5 * (n % 17) + n % 3}" for n in range(300)]
    data.write_text("\n".join(["id,size,price", *rows]))
    _, _, file = init(tmp_path, "--data", data, "--target", "price")
    with file.open("a") as text:
        text.write("  model:\n    candidates: [linear]\n    tuning: {trials: 1}\n")
    ended = tiny.mdlc("run", file, "--json")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_a_first_file_for_yes_and_no_runs(tmp_path: Path) -> None:
    data = tmp_path / "visits.csv"
    rows = [f"{n},{n % 17},{'yes' if n % 17 > 8 else 'no'}" for n in range(300)]
    data.write_text("\n".join(["id,size,answer", *rows]))
    _, _, file = init(tmp_path, "--data", data, "--target", "answer")
    with file.open("a") as text:
        text.write("  model:\n    candidates: [logistic]\n    tuning: {trials: 1}\n")
    ended = tiny.mdlc("run", file, "--json")
    assert ended.returncode == 0, ended.stderr
