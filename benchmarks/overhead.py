"""What running a step costs beside the step: kfp.local as it comes, and with mdlc's hooks."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import common

REPEATS = 3


def measure(repeats: int) -> common.Result:
    """Run the same pipeline in turn through each way."""
    warnings.simplefilter("ignore")
    from overhead_pipeline import STEPS

    plain, plain_again = "kfp.local, first run", "kfp.local with its cache, second run"
    cold, warm = "mdlc, first run, server starts", "mdlc, first run, server warm"
    again = "mdlc, second run"
    seconds: dict[str, list[float]] = {w: [] for w in (plain, plain_again, cold, warm, again)}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name, _quiet():
            folder = Path(name)
            for turn, took in _kfp(folder / "kfp"):
                seconds[(plain, plain_again)[turn]].append(took / STEPS)
            for turn, took in _mdlc(folder / "mdlc"):
                seconds[(cold, warm, again)[turn]].append(took / STEPS)
    result = common.Result("overhead", f"seconds a step, of a pipeline of {STEPS} idle steps")
    for way, values in seconds.items():
        against = {warm: plain, cold: plain, again: plain_again}.get(way, "")
        result.add(way, values, unit="s", against=against)
    result.notes += [
        "kfp.local: SubprocessRunner(use_venv=False), kfp 2.17; it starts a Python for each step.",
        "kfp's cache trusts what lies at an artifact's path; mdlc's reads it and compares digests.",
        "Real steps also import libraries, which the warm server has loaded; not counted here.",
    ]
    return result


def _kfp(folder: Path) -> Iterator[tuple[int, float]]:
    from kfp import local
    from kfp.local import cache
    from overhead_pipeline import STEPS, steps

    for way in range(2):
        cache.reset_local_cache_singleton()
        local.init(
            runner=local.SubprocessRunner(use_venv=False),
            pipeline_root=str(folder / "artifacts"),
            raise_on_error=True,
            enable_caching=True,
            cache_root=str(folder / "cache"),
        )
        took = common.timed(steps)
        written = len(list((folder / "artifacts").rglob("number.txt")))
        assert written == STEPS, written  # noqa: S101 - the first run writes all, the second none
        yield way, took


def _mdlc(folder: Path) -> Iterator[tuple[int, float]]:
    from kfp import local
    from overhead_pipeline import STEPS, steps

    from mdlc.pipelines.cache.result_store import ResultStore
    from mdlc.pipelines.local.kfp_hooks import Session, installed
    from mdlc.pipelines.local.warm_server import WarmServer

    events: list[str] = []
    with WarmServer() as server:
        # Another cache makes a first run again, now that the server is warm.
        for way, cache in enumerate(("one", "two", "two")):
            store = ResultStore(folder / cache)
            local.init(
                runner=local.SubprocessRunner(use_venv=False),
                pipeline_root=str(folder / "artifacts"),
                raise_on_error=True,
                enable_caching=True,
                cache_root=str(store.folder),
            )
            events.clear()
            session = Session(
                store=store,
                server=server,
                logs=folder / "logs",
                listener=lambda _stage, event, _seconds: events.append(event),
                force=False,
            )
            with installed(session):
                took = common.timed(steps)
            wanted = "cached" if way == 2 else "finished"
            assert events.count(wanted) == STEPS, events  # noqa: S101 - else we timed another thing
            yield way, took


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep kfp's narration away from the table."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
