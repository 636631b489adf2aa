"""The real command meets what real life brings: each mishap is one line, a code, and no damage."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mdlc.core.spec import load
from mdlc.life.server_process import serving
from mdlc.state.workspace import workspace_of
from tests import tiny

pytestmark = pytest.mark.slow
Change = Callable[[Path], object]
EARLIER = {"business", "collection", "preparation", "exploration", "selection"}


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tiny lifecycle has run once; never change it, use `folder`."""
    folder, passing = tmp_path_factory.mktemp("tiny"), tmp_path_factory.mktemp("tmp")
    tiny.write_rows(folder / "rows.csv")
    elsewhere = {"TMPDIR": str(passing), "HOME": str(passing)}
    ended = tiny.mdlc("run", tiny.write_file(folder), "--json", **elsewhere)
    assert ended.returncode == 0, ended.stderr
    assert not list(passing.rglob("*")), "a run leaves nothing behind outside of its home"
    assert json.loads(ended.stdout)["serving"] == "1"
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the tiny file and its rows, before any run."""
    tiny.write_rows(tmp_path / "rows.csv")
    tiny.write_file(tmp_path)
    return tmp_path


@contextlib.contextmanager
def borrowed(lived: Path) -> Iterator[Path]:
    """Lend the lived folder in its place (its cache names absolute paths), and put it back."""
    copy = lived.with_name("kept")
    shutil.copytree(lived, copy)
    try:
        yield lived
    finally:
        shutil.rmtree(lived)
        copy.rename(lived)


def error_of(ended: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the one line that says what is wrong."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("  ")]
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def edit(old: str, new: str) -> Change:
    return lambda folder: tiny.write_file(folder, (old, new))


def rows(change: Callable[[list[str]], list[str]]) -> Change:
    def apply(folder: Path) -> None:
        path = folder / "rows.csv"
        path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")

    return apply


def cells(column: int, make: Callable[[int, str], str]) -> Change:
    """Replace one column's values; `make` is given the row's number and its value."""

    def change(lines: list[str]) -> list[str]:
        done = [lines[0]]
        for number, line in enumerate(lines[1:]):
            values = line.split(",")
            values[column] = make(number, values[column])
            done.append(",".join(values))
        return done

    return rows(change)


def truncated_parquet(folder: Path) -> None:
    import duckdb

    path = folder / "rows.parquet"
    duckdb.sql(f"COPY (FROM '{folder}/rows.csv') TO '{path}'")
    path.write_bytes(path.read_bytes()[:-200])
    edit("csv: rows.csv", "parquet: rows.parquet")(folder)


BAD: dict[str, tuple[Change, int, list[str]]] = {
    "unknown key": (
        edit("tuning:", "tunning:"),
        3,
        ["lifecycle.yaml:24: spec.model.tunning: unknown key", "did you mean tuning?"],
    ),
    "wrong type": (
        edit("trials: 1,", "trials: many,"),
        3,
        ["lifecycle.yaml:24: spec.model.tuning.trials", "'many'"],
    ),
    "missing column": (
        edit("features: [x, y, group]", "features: [x, y, grup]"),
        3,
        ["lifecycle.yaml:19: spec.data.features[2]", "grup", "did you mean group?"],
    ),
    "missing file": (
        edit("csv: rows.csv", "csv: rosw.csv"),
        4,
        ["lifecycle.yaml:16: spec.data.sources.rows", "rosw.csv", "rows.csv"],
    ),
    "empty file": (
        lambda folder: (folder / "rows.csv").write_text(""),
        4,
        ["lifecycle.yaml:16: spec.data.sources.rows", "rows.csv"],
    ),
    "truncated parquet": (truncated_parquet, 4, ["spec.data.sources.rows", "rows.parquet"]),
    "stray delimiter": (
        rows(lambda lines: [*lines[:9], lines[9] + ",stray", *lines[10:]]),
        4,
        ["spec.data.sources.rows", "line 10: 8 values where the first line has 7", "quote"],
    ),
    "one class": (
        cells(5, lambda *_: "left"),
        4,
        ["spec.data.target", "the target answer has 1 class"],
    ),
    "no target": (cells(5, lambda *_: "NA"), 4, ["spec.data.target"]),
    "infinite feature": (
        cells(3, lambda number, value: "inf" if number == 7 else value),
        4,
        ["x", "finite"],
    ),
    "duplicate keys": (
        cells(0, lambda number, value: "5" if number == 9 else value),
        4,
        ["spec.data.table.key", "1 keys occur more than once, such as 5"],
    ),
    "dates out of range": (
        edit("until: 2026-01-31", "until: 2031-01-31"),
        4,
        ["lifecycle.yaml:25: spec.model.split", "2026-02-09"],
    ),
    "overlapping windows": (
        edit("test: 5d", "test: 400d"),
        4,
        ["lifecycle.yaml:25: spec.model.split"],
    ),
    "a date that does not exist": (
        edit("until: 2026-01-31", "until: 2026-02-30"),
        3,
        ["lifecycle.yaml", "is each date one that exists?"],
    ),
    "a failing check": (
        edit("known_later: [known]", "known_later: [known]\n    checks: [{column: x, max: 0}]"),
        4,
        ["lifecycle.yaml:22: spec.data.checks[0]", "x"],
    ),
    "all NULL column": (
        cells(4, lambda *_: ""),
        4,
        ["data test failed: group: not always NULL", "repair the data"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_with_place_value_and_remedy(folder: Path, name: str) -> None:
    change, code, says = BAD[name]
    change(folder)
    line = error_of(tiny.mdlc("run", folder / "lifecycle.yaml"), code)
    for text in says:
        assert text in line


def wait_for(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def last_run(folder: Path) -> dict[str, Any]:
    found = sorted((folder / ".mdlc/tiny/runs").glob("*/run.json"))
    return json.loads(found[-1].read_text()) if found else {"stages": {}}


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own."""
    return subprocess.Popen(
        tiny.command("run", folder / "lifecycle.yaml"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=tiny.environment(),
        start_new_session=True,
    )


def children(pid: int) -> set[int]:
    found = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found |= {int(child)} | children(int(child))
    return found


def test_a_second_run_is_busy_and_a_killed_one_is_resumed(folder: Path) -> None:
    process = start(folder)
    wait_for(lambda: last_run(folder)["stages"].get("training", {}).get("state") == "running")
    # A busy machine would else be done with training before it has answered what comes next.
    process.send_signal(signal.SIGSTOP)
    line = error_of(tiny.mdlc("run", folder / "lifecycle.yaml"), 7)
    assert f"tiny is in use by process {process.pid}" in line

    workers = children(process.pid)
    assert workers
    process.kill()
    assert process.wait() == -signal.SIGKILL
    wait_for(lambda: not any(alive(pid) for pid in workers), seconds=10)

    again = tiny.mdlc("run", folder / "lifecycle.yaml", "--json")
    assert again.returncode == 0, again.stderr
    states = {name: stage["state"] for name, stage in last_run(folder)["stages"].items()}
    # Nothing waits for business, so kfp may run it before or after the training that was killed.
    assert {n for n, state in states.items() if state == "cached"} | {"business"} == EARLIER
    assert states["training"] == "finished"
    assert json.loads(again.stdout)["serving"] == "1"


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_an_interrupted_run_says_so_and_leaves_no_process(folder: Path) -> None:
    # Where tests run in the background of a script, the shell has them ignore Ctrl-C, and children
    # inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = start(folder)
    signal.signal(signal.SIGINT, before)
    wait_for(lambda: "collection" in last_run(folder)["stages"])
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    wait_for(lambda: not any(alive(pid) for pid in workers), seconds=10)
    assert last_run(folder)["state"] == "failed"
    assert last_run(folder)["error"] == "stopped by KeyboardInterrupt"


def test_a_full_disk_is_a_storage_error_and_harmless(folder: Path) -> None:
    home = folder / "disk"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        line = error_of(tiny.mdlc("run", folder / "lifecycle.yaml", "--home", home), 10)
        assert "free space" in line
        grown = ["mount", "-o", "remount,size=64m", str(home)]
        subprocess.run(grown, check=True)
        again = tiny.mdlc("run", folder / "lifecycle.yaml", "--home", home, "--json")
        assert again.returncode == 0, again.stderr
    finally:
        subprocess.run(["umount", str(home)], check=True)


def test_a_home_that_cannot_be_written_is_a_storage_error(folder: Path) -> None:
    (folder / "home").write_text("a file")
    line = error_of(tiny.mdlc("run", folder / "lifecycle.yaml", "--home", folder / "home"), 10)
    assert "--home" in line


def test_what_ran_is_told_by_every_verb(lived: Path) -> None:
    file = lived / "lifecycle.yaml"
    status = json.loads(tiny.mdlc("status", file, "--json").stdout)
    assert (status["serving"]["version"], status["candidate"]) == ("1", "logistic")
    assert status["runs"][-1]["state"] == "finished"
    plan = json.loads(tiny.mdlc("plan", file, "--json").stdout)
    assert {stage["state"] for stage in plan["stages"]} == {"cached"}
    history = json.loads(tiny.mdlc("history", file, "--json").stdout)
    assert [entry["version"] for entry in history] == ["1"]
    for verb in ("status", "plan", "history"):
        ended = tiny.mdlc(verb, file)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.strip()
    again = json.loads(tiny.mdlc("run", file, "--json").stdout)
    assert (again["cached"], again["released"]) == (True, False)


def test_predict_answers_its_own_example_and_refuses_what_is_wrong(
    lived: Path, tmp_path: Path
) -> None:
    file, asked = lived / "lifecycle.yaml", tmp_path / "rows.json"
    asked.write_text(tiny.mdlc("predict", file).stdout)
    answer = json.loads(tiny.mdlc("predict", file, "--rows", asked, "--json").stdout)
    (prediction,) = answer["predictions"]
    assert sum(prediction["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert prediction["action"] in {"act", "wait"}
    assert answer["model_version"] == "1"

    table = tmp_path / "rows.csv"
    table.write_text("x,y,group\n0.5,1,a\n-3,1,b\n")
    assert len(tiny.mdlc("predict", file, "--rows", table).stdout.splitlines()) == 2
    table.write_text("id,x,y,group,answer\nr1,0.5,1,a,left\nr2,-3,1,b,bought\n")
    for name in ("answers.csv", "answers.parquet"):
        out = tmp_path / name
        told = tiny.mdlc("predict", file, "--rows", table, "--out", out)
        assert "no features, and left out: answer" in told.stderr
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT id, action FROM '{out}'").fetchall()
        assert [row[0] for row in found] == ["r1", "r2"]
        assert {row[1] for row in found} <= {"act", "wait"}

    asked.write_text('[{"x": 1, "gruop": "a"}]')
    line = error_of(tiny.mdlc("predict", file, "--rows", asked), 4)
    assert "gruop is not a feature, and group is not there; did you mean group?" in line
    asked.write_text('[{"x": "high", "group": "a"}]')
    line = error_of(tiny.mdlc("predict", file, "--rows", asked), 4)
    assert "feature x, row 0: wanted a number, got 'high'" in line


def test_the_report_is_one_file_that_names_the_model(lived: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    ended = tiny.mdlc("report", lived / "lifecycle.yaml", "--out", out, "--json")
    assert json.loads(ended.stdout)["bytes"] == out.stat().st_size
    text = out.read_text()
    assert "<title>" in text
    assert "tiny" in text


def label_one(folder: Path) -> None:
    """Answer one row by the real server and send its label."""
    file = folder / "lifecycle.yaml"
    lifecycle = load(file)
    workspace = workspace_of(lifecycle, file=file)
    request = json.loads(tiny.mdlc("predict", file).stdout)
    log = folder / ".mdlc" / "serve.log"
    with serving(lifecycle, workspace=workspace, log=log, request_clock=False) as client:
        answer = client.post("/v1/models/tiny:predict", json=request).json()["predictions"][0]
        label = {"id": answer["id"], "label": next(iter(answer["scores"]))}
        told = client.post("/v1/models/tiny:feedback", json={"labels": [label]}).json()
    assert told["accepted"] == 1, told


def test_a_retraining_without_labels_is_refused(lived: Path) -> None:
    with borrowed(lived):
        line = error_of(tiny.mdlc("retrain", lived / "lifecycle.yaml"), 8)
        assert "nothing new to learn from" in line


def test_a_retraining_above_the_budget_is_refused(lived: Path) -> None:
    with borrowed(lived):
        label_one(lived)
        line = error_of(tiny.mdlc("retrain", lived / "lifecycle.yaml"), 8)
        assert "max_per_month is 0" in line
        status = json.loads(tiny.mdlc("status", lived / "lifecycle.yaml", "--json").stdout)
        assert [verdict["decision"] for verdict in status["verdicts"]] == ["skip"]


def test_a_forced_retraining_on_old_data_fails_with_its_reason(lived: Path) -> None:
    with borrowed(lived):
        label_one(lived)
        line = error_of(tiny.mdlc("retrain", lived / "lifecycle.yaml", "--force"), 4)
        assert "the data go from 2026-01-01" in line
        status = json.loads(tiny.mdlc("status", lived / "lifecycle.yaml", "--json").stdout)
        assert status["verdicts"][-1]["outcome"] == "failed"
        assert status["serving"]["version"] == "1"


def test_an_altered_artifact_is_made_again(lived: Path) -> None:
    with borrowed(lived):
        file = lived / "lifecycle.yaml"
        made = json.loads((lived / ".mdlc/tiny/results.json").read_text())["stages"]
        table = Path(made["preparation"]) / "table.parquet"
        whole = table.read_bytes()
        table.write_bytes(whole[:-9] + b"x" * 9)
        plan = json.loads(tiny.mdlc("plan", file, "--json").stdout)["stages"]
        why = {stage["stage"]: stage["why"] for stage in plan}
        assert why["preparation"] == "its stored artifact is missing or altered"
        ended = tiny.mdlc("run", file, "--json")
        assert ended.returncode == 0, ended.stderr
        again = json.loads(ended.stdout)["stages"]
        assert (Path(again["preparation"]) / "table.parquet").read_bytes() == whole
        assert last_run(lived)["stages"]["collection"]["state"] == "cached"


@pytest.mark.parametrize("verb", ["predict", "serve"])
def test_an_altered_champion_is_refused(lived: Path, tmp_path: Path, verb: str) -> None:
    asked = tmp_path / "rows.json"
    asked.write_text('[{"x": 1, "group": "a"}]')
    with borrowed(lived):
        model = lived / ".mdlc/tiny/models/1/model.onnx"
        content = bytearray(model.read_bytes())
        model.unlink()
        content[-1] ^= 1
        model.write_bytes(content)
        more = ["--rows", str(asked)] if verb == "predict" else ["--port", "18917"]
        ended = tiny.mdlc(verb, lived / "lifecycle.yaml", *more)
        assert ended.returncode == 5, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "model.onnx has been altered" in ended.stderr


@pytest.mark.parametrize("cut", [0, -20], ids=["before its line", "within its line"])
def test_a_promotion_killed_before_its_history_is_completed(lived: Path, cut: int) -> None:
    with borrowed(lived):
        history = lived / ".mdlc/tiny/history.jsonl"
        history.write_bytes(history.read_bytes()[:cut])
        history.with_name("history.jsonl.head").unlink()
        assert tiny.mdlc("run", lived / "lifecycle.yaml").returncode == 0
        told = json.loads(tiny.mdlc("history", lived / "lifecycle.yaml", "--json").stdout)
        assert [entry["version"] for entry in told] == ["1"]


def test_nothing_of_a_run_is_left_outside_its_home(lived: Path) -> None:
    assert {path.name for path in lived.iterdir()} == {".mdlc", "lifecycle.yaml", "rows.csv"}
