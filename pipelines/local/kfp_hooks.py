"""Replaces two parts of kfp.local while a run lasts: its cache and its task handler.

kfp 2.17's cache identifies artifacts by location and does not check them; ours identifies them by
content and checks digests. kfp's handler starts a new Python for each step; ours forks a warm
process. Both are replaced by name in kfp's modules, which is why kfp's version is pinned
(docs/decisions/0003).
"""

from __future__ import annotations

import contextlib
import io
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mdlc.core.errors import MARK, KilledError, MdlcError, StageError, from_json
from mdlc.core.files import digest_json, digest_path
from mdlc.pipelines.cache.plugin_digests import question_code
from mdlc.pipelines.cache.result_store import ResultStore, StageOutput, StageQuestion
from mdlc.pipelines.local.warm_server import WarmServer

Listener = Callable[[str, str, float], None]
"""Called with (stage, "started" | "cached" | "finished" | "failed", seconds)."""


class Session:
    """One run's connection between kfp.local and our cache, processes and progress."""

    def __init__(
        self, *, store: ResultStore, server: WarmServer, logs: Path, listener: Listener, force: bool
    ) -> None:
        self.store = store
        self.server = server
        self.logs = logs
        self.listener = listener
        self.force = force
        self.error: MdlcError | None = None
        self.digests: dict[str, str] = {}
        self.artifacts: dict[str, dict[str, Path]] = {}

    def digest_of(self, path: str) -> str:
        """Return the digest of an artifact; not computed again if the cache has just checked it."""
        if path not in self.digests:
            self.digests[path] = digest_path(Path(path))
        return self.digests[path]

    def run_step(self, command: list[str]) -> bool:
        """Run one step in the warm server; keep its error, and call the listener."""
        stage = command[command.index("--function_to_execute") + 1]
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{stage}.log"
        log.unlink(missing_ok=True)
        self.listener(stage, "started", 0.0)
        started = time.monotonic()
        try:
            code = self.server.run(command, stage=stage, log=log)
            self.error = _error_in(log, stage=stage, code=code) if code else None
        except MdlcError as error:
            # kfp.local would replace the error by a text of its own.
            self.error = error
        seconds = time.monotonic() - started
        self.listener(stage, "failed" if self.error else "finished", seconds)
        return self.error is None


def _error_in(log: Path, *, stage: str, code: int) -> MdlcError:
    lines = log.read_text(errors="replace").splitlines()
    for line in reversed(lines):
        if line.startswith(MARK):
            return from_json(line.removeprefix(MARK))
    if code < 0:
        hint = "out of memory?" if code == -signal.SIGKILL else f"see {log}"
        return KilledError(f"{stage}: the step ended by signal {-code}", signal=-code, hint=hint)
    return StageError(f"{stage}: the step ended with exit code {code}", hint=f"see {log}")


@contextlib.contextmanager
def installed(session: Session) -> Iterator[None]:
    """Install our cache and handler in kfp.local; restore kfp's own at the end."""
    from kfp.local import cache, subprocess_task_handler

    originals = (cache.LocalCache, subprocess_task_handler.SubprocessTaskHandler)
    cache.LocalCache = _make_cache(session)
    subprocess_task_handler.SubprocessTaskHandler = _make_handler(session)
    cache.reset_local_cache_singleton()
    try:
        # kfp.local prints each step to stdout; the listener reports one line a stage instead.
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        cache.LocalCache, subprocess_task_handler.SubprocessTaskHandler = originals
        cache.reset_local_cache_singleton()


def _make_handler(session: Session) -> type:
    from kfp.local import status

    class WarmTaskHandler:
        """kfp.local's ITaskHandler over the warm server."""

        def __init__(self, *, full_command: list[str], **_: Any) -> None:
            self.full_command = full_command

        def run(self) -> Any:
            done = session.run_step(self.full_command)
            return status.Status.SUCCESS if done else status.Status.FAILURE

    return WarmTaskHandler


def _make_cache(session: Session) -> type:
    from kfp import dsl

    class ContentCache:
        """kfp.local's LocalCache over our store."""

        def __init__(self, **_: Any) -> None:
            self.asked: dict[str, tuple[StageQuestion, float]] = {}

        def compute_key(self, *, component_name: str, arguments: dict[str, Any], **_: Any) -> str:
            stage = component_name.removeprefix("comp-")
            given = {k: v for k, v in arguments.items() if isinstance(v, dsl.Artifact)}
            question = StageQuestion(
                stage=stage,
                code=question_code(stage, arguments),
                parameters={k: digest_json(v) for k, v in arguments.items() if k not in given},
                inputs={k: session.digest_of(v.uri) for k, v in given.items()},
            )
            self.asked[question.key] = (question, time.monotonic())
            return question.key

        def get(self, key: str) -> dict[str, Any] | None:
            question, _ = self.asked[key]
            entry = None if session.force else session.store.get(question)
            if entry is None:
                return None
            session.listener(question.stage, "cached", entry.seconds)
            outputs = {}
            for name, output in entry.outputs.items():
                session.digests[output.path] = output.digest
                outputs[name] = _artifact(name, output)
            self._remember(question.stage, outputs)
            return outputs

        def put(self, key: str, outputs: dict[str, Any]) -> None:
            question, started = self.asked[key]
            seconds = time.monotonic() - started
            written = {name: (Path(a.uri), a.schema_title) for name, a in outputs.items()}
            session.store.put(question, outputs=written, seconds=seconds)
            self._remember(question.stage, outputs)

        def _remember(self, stage: str, outputs: dict[str, Any]) -> None:
            session.artifacts[stage] = {name: Path(a.uri) for name, a in outputs.items()}

    return ContentCache


def _artifact(name: str, output: StageOutput) -> Any:
    """Return a stored output as the kfp artifact that the step originally returned."""
    from kfp.dsl import executor

    kind = {"schemaTitle": output.schema_title}
    described = {"name": name, "uri": output.path, "metadata": {}, "type": kind}
    return executor.create_artifact_instance(described)
