"""Who judges a canary: the trigger where it has a Prometheus, else the run's gate for a while."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mdlc.core.errors import MdlcError
from mdlc.core.spec import load
from mdlc.trigger.start_trigger import CanaryWatch
from tests import tiny
from tests.services.releases import first_release

GATE = """\
  cluster:
    artifacts: s3://models/mdlc
    gate: {timeout: 1h}
    env: {MDLC_PROMETHEUS_URL: http://prometheus}
"""


def on_trial(folder: Path, *, after: timedelta, cluster: str = "") -> Any:
    """Return a lifecycle whose version 2 is on trial, looked at some time after it began."""
    releases = first_release(folder)
    trial = releases.canary(2).canary
    assert trial is not None
    now = trial.since + after
    file = tiny.write_file(folder, ("  retrain:\n", f"{cluster}  retrain:\n"))
    return SimpleNamespace(
        name="tiny", workspace=releases.workspace, lifecycle=load(file), clock=lambda: now
    )


def look(watched: Any, *, gate: bool) -> None:
    CanaryWatch(None, workspace=lambda one: nullcontext(one.workspace), gate=gate)(watched)


def test_a_gate_that_judges_needs_no_prometheus_here(tmp_path: Path) -> None:
    look(on_trial(tmp_path, after=timedelta(minutes=59), cluster=GATE), gate=True)


@pytest.mark.parametrize(
    ("after", "cluster", "gate"),
    [(timedelta(hours=2), GATE, True), (timedelta(), "", True), (timedelta(), GATE, False)],
)
def test_a_canary_that_nobody_judges_is_told_of(
    tmp_path: Path, after: timedelta, cluster: str, gate: bool
) -> None:
    """The gate gave up; there is none; runs are on this machine, where it is not part of them."""
    watched = on_trial(tmp_path, after=after, cluster=cluster)
    with pytest.raises(MdlcError, match="version 2 of tiny is on trial and is not judged"):
        look(watched, gate=gate)
