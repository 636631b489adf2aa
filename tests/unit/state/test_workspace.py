"""One process at a time works on a lifecycle; a dead one holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdlc.core.errors import BusyError, StorageError
from mdlc.state.workspace import Workspace, workspace_of
from tests.unit.core.spec_text import loaded

HOLD = """
import sys, time
from pathlib import Path
from mdlc.state.workspace import Workspace
home = Path(sys.argv[1])
with Workspace("small", home, home).lock():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_who_holds_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    workspace = Workspace("small", tmp_path, tmp_path)
    with (
        pytest.raises(BusyError, match=f"small is in use by process {holder.pid}"),
        workspace.lock(),
    ):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with Workspace("small", tmp_path, tmp_path).lock():
        assert (tmp_path / "small" / "lock").read_text() == str(os.getpid())


def test_another_lifecycle_is_not_held(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with Workspace("other", tmp_path, tmp_path).lock():
        assert holder.poll() is None


def test_a_home_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with (
        pytest.raises(StorageError, match="cannot write"),
        Workspace("small", tmp_path / "home", tmp_path).lock(),
    ):
        pass


def test_home_is_given_or_the_variable_or_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle, file = loaded(tmp_path), tmp_path / "lifecycle.yaml"
    monkeypatch.delenv("MDLC_HOME", raising=False)
    assert workspace_of(lifecycle, file=file).home == tmp_path / ".mdlc"
    monkeypatch.setenv("MDLC_HOME", str(tmp_path / "b"))
    assert workspace_of(lifecycle, file=file).home == tmp_path / "b"
    assert workspace_of(lifecycle, file=file, home=tmp_path / "c").home == tmp_path / "c"
