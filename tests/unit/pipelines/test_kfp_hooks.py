"""What a failed step said becomes the run's error; kfp.local is left as it was found."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from mdlc.core.errors import MARK, DataError, MdlcError, StageError
from mdlc.pipelines.cache.result_store import ResultStore
from mdlc.pipelines.local.kfp_hooks import Session, installed
from mdlc.pipelines.local.warm_server import WarmServer


class FakeServer(WarmServer):
    """Ends each step as it is told, without a process."""

    def __init__(self, *, code: int, text: str = "", error: MdlcError | None = None) -> None:
        super().__init__()
        self.code, self.text, self.error = code, text, error

    def run(self, command: Sequence[str], *, stage: str, log: Path) -> int:  # noqa: ARG002
        if self.error:
            raise self.error
        log.write_text(self.text)
        return self.code


def ended(folder: Path, server: WarmServer) -> tuple[Session, bool, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    session = Session(
        store=ResultStore(folder / "cache"),
        server=server,
        logs=folder / "logs",
        listener=lambda stage, event, _: told.append((stage, event)),
        force=False,
    )
    return session, session.run_step(["x", "--function_to_execute", "training"]), told


def test_a_finished_step(tmp_path: Path) -> None:
    session, done, told = ended(tmp_path, FakeServer(code=0))
    assert done
    assert session.error is None
    assert told == [("training", "started"), ("training", "finished")]


def test_the_error_is_the_line_that_the_step_marked(tmp_path: Path) -> None:
    line = MARK + DataError("no rows", where="spec.data").to_json()
    session, done, told = ended(tmp_path, FakeServer(code=4, text=f"noise\n{line}\nmore noise\n"))
    assert not done
    assert isinstance(session.error, DataError)
    assert told[-1] == ("training", "failed")


@pytest.mark.parametrize(
    ("code", "says"),
    [(-signal.SIGKILL, "by signal 9; out of memory"), (3, "with exit code 3; see ")],
)
def test_a_step_that_said_nothing_is_explained_by_its_end(
    tmp_path: Path, code: int, says: str
) -> None:
    session, _, _ = ended(tmp_path, FakeServer(code=code, text="Killed"))
    assert isinstance(session.error, StageError)
    assert says in str(session.error)


def test_a_lost_server_is_kept_as_the_error(tmp_path: Path) -> None:
    session, done, told = ended(tmp_path, FakeServer(code=0, error=StageError("gone")))
    assert not done
    assert str(session.error) == "gone"
    assert told[-1] == ("training", "failed")


def test_kfp_is_given_back_as_it_was(tmp_path: Path) -> None:
    from kfp.local import cache, subprocess_task_handler

    before = (cache.LocalCache, subprocess_task_handler.SubprocessTaskHandler)
    session, _, _ = ended(tmp_path, FakeServer(code=0))
    with contextlib.suppress(RuntimeError), installed(session):
        assert cache.LocalCache is not before[0]
        raise RuntimeError
    assert (cache.LocalCache, subprocess_task_handler.SubprocessTaskHandler) == before
