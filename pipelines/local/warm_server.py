"""A server process that has imported the libraries and forks a child for each step.

kfp.local starts a new Python for each step, which imports kfp, pandas, scikit-learn and others
again: one to eight seconds a step. This server imports them once. The forked child does what kfp's
own command does: it writes the component's source to a file and calls kfp.dsl.executor_main on it,
in a clean process with a log of its own.

Run as `python -m mdlc.pipelines.local.warm_server`; requests and answers are a JSON line each.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from mdlc.core import telemetry
from mdlc.core.errors import KilledError, StageError
from mdlc.core.masking import trace

# Libraries that start no threads when they are imported, so that forking afterwards is safe.
# TensorFlow starts threads, so it is loaded in the child.
CORE = ("kfp.dsl.executor_main", "mdlc.core.spec", "mdlc.core.columns", "mdlc.core.steps")
TABLES = ("ibis", "duckdb", "pyarrow.parquet", "pandas", "ibis.backends.duckdb.converter")
LEARNING = ("sklearn.pipeline", "sklearn.linear_model", "lightgbm", "onnxruntime")
PRELOAD: dict[str, tuple[str, ...]] = {
    "collection": TABLES,
    "preparation": TABLES,
    "exploration": TABLES,
    "training": (*TABLES, *LEARNING, "skl2onnx", "optuna"),
    "evaluation": ("duckdb", "pyarrow", "onnxruntime"),
    "deployment": ("mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store"),
}
SETTINGS = {"_KFP_RUNTIME": "true"}
"""Environment variable that kfp reads at its import; with it, kfp does not load its compiler."""
PR_SET_PDEATHSIG = 1


class WarmServer:
    """Starts the server on first use and asks it to run steps. Use it as a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> WarmServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, command: Sequence[str], *, stage: str, log: Path) -> int:
        """Run a lightweight component's command; its output goes to `log`.

        Returns:
            The exit code; negative is the signal that ended it.

        Raises:
            KilledError: a signal ended the server, such as the kernel's when memory ran out.
            StageError: the server ended for another reason.
        """
        process = self._process or self._start()
        request = {"command": list(command), "stage": stage, "log": str(log)}
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 - pipes
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._process = None
            raise _lost(stage, code=process.wait())
        return int(json.loads(answer)["code"])

    def close(self) -> None:
        """End the server and the step it may be running."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mdlc.pipelines.local.warm_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **SETTINGS},
        )
        return self._process


def _lost(stage: str, *, code: int) -> StageError:
    """Return the error for a server that has ended with `code`; negative is a signal."""
    said = f"{stage}: the process that runs steps ended"
    if code < 0:
        return KilledError(f"{said} by signal {-code}", signal=-code, hint="run again")
    return StageError(f"{said} with exit code {code}", hint="run again")


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Answer requests until they end."""
    for line in requests:
        request: dict[str, Any] = json.loads(line)
        for module in PRELOAD.get(request["stage"], ()):
            importlib.import_module(module)
        child = os.fork()
        if child == 0:
            _become_step(request)
        _, status = os.waitpid(child, 0)
        answers.write(json.dumps({"code": os.waitstatus_to_exitcode(status)}) + "\n")
        answers.flush()


def _become_step(request: dict[str, Any]) -> None:
    """Turn the forked child into the step's process; never returns."""
    code = 1
    try:
        _die_with_parent()
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for stream in (1, 2):
            os.dup2(log, stream)
        _execute(request["command"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        sys.stderr.write(trace(error))
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _execute(command: Sequence[str]) -> None:
    """Do what kfp's shell command for a lightweight component does."""
    script = next(i for i, part in enumerate(command) if "ephemeral_component.py" in part)
    source, rest = command[script + 1], command[script + 2 :]
    with tempfile.TemporaryDirectory(prefix="mdlc-step-") as folder:
        path = Path(folder) / "ephemeral_component.py"
        path.write_text(source)
        sys.argv = ["executor_main", "--component_module_path", str(path), *rest]
        from kfp.dsl.executor_main import executor_main

        executor_main()


def _die_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, so that a killed run leaves no worker."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve on the pipes that the parent gave; anything printed goes to stderr instead."""
    _die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    telemetry.switch_off()  # it imports ONNX Runtime and MLflow by their names
    for module in CORE:
        importlib.import_module(module)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
