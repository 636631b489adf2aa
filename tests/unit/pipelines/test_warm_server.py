"""A step is a process of its own, started by fork: its exit code, signal and log are its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdlc.core.errors import StageError
from mdlc.pipelines.local.warm_server import WarmServer
from tests.unit.pipelines.steps import step_command


@pytest.fixture(scope="module")
def server() -> Iterator[WarmServer]:
    with WarmServer() as made:
        yield made


def run(server: WarmServer, folder: Path, body: str) -> tuple[int, str]:
    log = folder / "step.log"
    code = server.run(step_command(folder, body), stage="step", log=log)
    return code, log.read_text()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("pass", 0),
        ("import sys; sys.exit(7)", 7),
        ("raise SystemExit('text')", 1),
        ("raise ValueError('wrong')", 1),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import os; os._exit(3)", 3),
    ],
)
def test_the_code_is_the_step_s(server: WarmServer, tmp_path: Path, body: str, code: int) -> None:
    assert run(server, tmp_path, body)[0] == code


def test_output_of_the_step_and_of_its_children_goes_to_its_log(
    server: WarmServer, tmp_path: Path
) -> None:
    body = "import os, sys\nprint('one')\nsys.stderr.write('two\\n')\nos.system('echo three')"
    _, log = run(server, tmp_path, body)
    assert {"one", "two", "three"} <= set(log.split())


def test_a_traceback_is_in_the_log(server: WarmServer, tmp_path: Path) -> None:
    assert "ValueError: wrong" in run(server, tmp_path, "raise ValueError('wrong')")[1]


def test_a_step_leaves_nothing_behind_in_the_next(server: WarmServer, tmp_path: Path) -> None:
    run(server, tmp_path, "import os, sys\nos.environ['LEFT'] = '1'\nsys.left = 1\nos.chdir('/')")
    body = "import os, sys\nassert 'LEFT' not in os.environ\nassert not hasattr(sys, 'left')"
    assert run(server, tmp_path, body)[0] == 0


def test_a_killed_server_is_a_stage_error_and_the_next_step_gets_a_new_one(
    tmp_path: Path,
) -> None:
    with WarmServer() as server:
        with pytest.raises(StageError, match="step: the process that runs steps ended"):
            run(server, tmp_path, "import os; os.kill(os.getppid(), 9)")
        assert run(server, tmp_path, "pass")[0] == 0


def test_closing_ends_the_step_that_runs(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    body = f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getppid()))"
    server = WarmServer()
    run(server, tmp_path, body)
    server.close()
    server.close()
    pid = int(marker.read_text())
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{pid} still runs; we are {os.getpid()}")
