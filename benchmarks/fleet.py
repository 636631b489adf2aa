"""One trigger with a thousand lifecycles: what a look, a decision and a scrape of it cost."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import common

REPEATS = 1
LIVES, SHARED_LIVES = 1000, 50
AGE, DECISIONS = 1000, 200
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LIFECYCLE = """\
apiVersion: mdlc.dev/v1alpha1
kind: Lifecycle
metadata: {{name: {name}}}
spec:
  business:
    payoff: {{actions: {{a: {{yes: 1}}, b: {{yes: 0}}}}, do_nothing: b}}
  data: {{sources: {{s: {{csv: s.csv}}}}, target: y}}
  retrain: {{when: [calibration, schedule], every: 30d, min_new_labels: 1, cost_per_run: 1}}
"""


class Nowhere:
    """A backend whose runs never end."""

    started = 0

    def start(self, _verdict: Any) -> str:
        """Count a start."""
        self.started += 1
        return f"run-{self.started}"

    def poll(self, _verdict: Any) -> None:
        """Say that it goes on."""

    def kept(self, _verdict: Any) -> bool:
        """Say that nothing was done before."""
        return False

    def leave(self, _verdict: Any) -> None:
        """End nothing."""

    cancel = leave


def measure(repeats: int) -> common.Result:
    """Look after lifecycles that idle, that all have an alert, and that all run."""
    logging.disable(logging.CRITICAL)
    result = common.Result("fleet", f"one trigger, {LIVES:,} lifecycles, a fake backend")
    with tempfile.TemporaryDirectory() as folder:
        _looks(result, Path(folder), lives=LIVES, repeats=repeats, ledger="", of="SQLite each")
        one = f"sqlite:///{Path(folder) / 'one.db'}"
        lives = SHARED_LIVES
        _looks(result, Path(folder), lives=lives, repeats=repeats, ledger=one, of="one SQLite")
        with _postgres() as url:
            if url:
                of = "PostgreSQL"
                _looks(result, Path(folder), lives=lives, repeats=repeats, ledger=url, of=of)
                _decisions(result, url, repeats=repeats, of=of)
            else:
                result.notes.append("PostgreSQL is not installed, so it was not measured.")
        _decisions(result, f"sqlite:///{Path(folder) / 'age.db'}", repeats=repeats, of="SQLite")
    logging.disable(logging.NOTSET)
    result.notes += [
        "Real files, pointers, ledgers, follower and policy; only the backend starts nothing.",
        "A look is Follower.look over all, divided: file read again, standing alerts and schedule"
        " asked, runs claimed or extended. idle: nothing asks. all ask: each has a standing alert,"
        " so each is decided and started. all run: each holds a lease, which is extended.",
        "One thread looks at all, one after the other: lifecycles x this must fit in a poll.",
        f"SQLite each: {LIVES:,} lifecycles with a ledger of their own; the others:"
        f" {SHARED_LIVES} on one. PostgreSQL 15 on loopback without fsync.",
    ]
    return result


@contextmanager
def _postgres() -> Iterator[str]:
    sys.path.append(str(common.ROOT))
    from tests.services import postgres

    if postgres.missing():
        yield ""
        return
    with postgres.server() as server:
        yield server.url()


def _looks(  # noqa: PLR0913 - what a case is made of
    result: common.Result, folder: Path, *, lives: int, repeats: int, ledger: str, of: str
) -> None:
    """Time looks over a home with so many lifecycles."""
    from prometheus_client import CollectorRegistry

    from mdlc.retraining.standing_alerts import StandingAlert
    from mdlc.trigger.lifecycle_entry import LifecycleEntry
    from mdlc.trigger.request_counter import RequestCounter
    from mdlc.trigger.run_follower import FollowTerms, RunFollower
    from mdlc.trigger.trigger_metrics import FromLedger

    now = [START]
    files = [_file(folder, number, of=of) for number in range(lives)]
    store = _labelled(folder, of=of)
    os.environ.update({"MDLC_LEDGER_URL": ledger, "MDLC_STORE_URL": store})
    started = time.perf_counter()
    watched = [LifecycleEntry(file, home=folder / of, clock=lambda: now[0]) for file in files]
    reading = (time.perf_counter() - started) * 1e3 / lives
    del os.environ["MDLC_LEDGER_URL"], os.environ["MDLC_STORE_URL"]
    for life in watched:
        _serve(life)
    backend = Nowhere()
    follower = RunFollower(
        lambda: [(life, backend) for life in watched],
        terms=FollowTerms("benchmark", poll_seconds=10),
        requests=RequestCounter(CollectorRegistry()),
    )
    follower.look()  # makes tables and files

    def look() -> float:
        now[0] += timedelta(seconds=10)
        return common.timed(follower.look) * 1e3 / lives

    idle = [look() for _ in range(repeats)]
    for number, life in enumerate(watched):
        alert = StandingAlert(fingerprint=f"f{number}", name="CalibrationOff", reason="calibration")
        life.ledger.receive(time=now[0], firing=[alert], resolved=[])
    asking = [look()]
    if backend.started != lives:
        raise SystemExit(f"{backend.started} of {lives} runs were started")
    running = [look() for _ in range(repeats)]
    page = FromLedger(lambda: {life.name: life for life in watched})
    scrape = [common.timed(lambda: list(page.collect())) * 1e3 / lives for _ in range(repeats)]
    unit = "ms a lifecycle"
    if of == "SQLite each":
        result.add("read a file, once", [reading], unit=unit)
    for what, values in {"idle": idle, "all ask": asking, "all run": running}.items():
        result.add(f"look, {of}, {what}", values, unit=unit)
    result.add(f"/metrics, {of}", scrape, unit=unit)


def _file(folder: Path, number: int, *, of: str) -> Path:
    path = folder / f"{of} files" / f"{number}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(LIFECYCLE.format(name=f"m{number}"))
    return path


def _labelled(folder: Path, *, of: str) -> str:
    """Return the URL of a payload log with one label, so that there is something to learn from."""
    from mdlc.serving.payload_labels import Label
    from mdlc.serving.payload_log import PayloadLog

    url, at = f"sqlite:///{folder / of}.store.db", datetime(2026, 1, 1)  # the log has no zones
    log = PayloadLog(url, name=of.lower())
    row = {"id": "1", "time": at, "version": "1", "features": {}, "action": "a"}
    log.add([{**row, "scores": {"yes": 0.5, "no": 0.5}, "value": None, "expected": None}])
    log.label([Label("1", "yes", at)], received=at)
    log.close()
    return url


def _serve(life: Any) -> None:
    """Let a version serve, as far as the trigger looks."""
    from mdlc.core.files import write_document
    from mdlc.state.release_documents import Pointer

    life.workspace.pointer.parent.mkdir(parents=True)
    pointer = Pointer(name=life.name, version="1", bundle="models/1", digest="d", since=START)
    write_document(life.workspace.pointer, pointer)


def _decisions(result: common.Result, url: str, *, repeats: int, of: str) -> None:
    """Time decisions of a ledger without verdicts, and of one with AGE of them."""
    from mdlc.core.spec.retrain import Retrain
    from mdlc.retraining.ledger import Ledger

    ledger = Ledger(url, retrain=Retrain(), model="decisions")
    fresh = [_decide(ledger, begin=repeat) for repeat in range(repeats)]
    for number in range(AGE - repeats * DECISIONS):
        _ask(ledger, START + timedelta(days=number + 1000))
    aged = [_decide(ledger, begin=repeat + 5000) for repeat in range(repeats)]
    unit = "ms"
    result.add(f"a decision, {of}, new ledger", fresh, unit=unit)
    result.add(f"a decision, {of}, after {AGE:,} verdicts", aged, unit=unit)


def _decide(ledger: Any, *, begin: int) -> float:
    """Return the milliseconds of one of DECISIONS decisions, each on a day of its own."""
    days: list[Callable[[], object]] = [
        partial(_ask, ledger, START + timedelta(days=begin * DECISIONS + day))
        for day in range(DECISIONS)
    ]
    return sum(common.timed(day) for day in days) * 1e3 / DECISIONS


def _ask(ledger: Any, at: datetime) -> None:
    ledger.decide(time=at, reasons=["drift"], evidence={}, new_labels=0)
