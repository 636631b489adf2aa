"""The looks at canaries: who judges, how often, and how a step waits for the end of a trial."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mdlc.canary.canary_judge import CanaryState, CanaryTerms
from mdlc.canary.canary_watch import CanaryWatch, LookTimes, await_end
from mdlc.core.errors import MdlcError
from mdlc.core.spec import load
from mdlc.core.spec.deploy import Canary
from mdlc.core.spec.monitor import Drift, Quality
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
    watch: CanaryWatch[Any] = CanaryWatch(
        None, workspace=lambda one: nullcontext(one.workspace), gate=gate
    )
    watch(watched)


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


def test_a_lifecycle_is_looked_at_no_more_often_than_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look fetches bundles where they lie in an object store."""
    watched, lent = on_trial(tmp_path, after=timedelta(hours=2)), []

    def lend(one: Any) -> Any:
        lent.append(one.name)
        return nullcontext(one.workspace)

    clock = [100.0]
    monkeypatch.setattr("mdlc.canary.canary_watch.time.monotonic", lambda: clock[0])
    watch: CanaryWatch[Any] = CanaryWatch("http://127.0.0.1:9", workspace=lend, every_seconds=30)
    for now in (100.0, 129.0, 130.0):
        clock[0] = now
        watch(watched)
    assert len(lent) == 2


def test_that_a_canary_waits_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = on_trial(tmp_path, after=timedelta(hours=2))
    watch: CanaryWatch[Any] = CanaryWatch(
        "http://127.0.0.1:9", workspace=lambda one: nullcontext(one.workspace)
    )
    with caplog.at_level("INFO"):
        watch(watched)
        watch(watched)
    assert [record.getMessage() for record in caplog.records].count("canary") == 1


class Waited:
    """A step that waits for the trial of version 2; `act` happens while it sleeps."""

    def __init__(self, folder: Path) -> None:
        self.releases = first_release(folder)
        trial = self.releases.canary(2).canary
        assert trial is not None
        self.digest, self.slept = trial.digest, 0
        self.told: list[str] = []

    def wait(self, *acts: Any, seconds: float = 60.0) -> CanaryState:
        left = list(acts)

        def sleep(_: float) -> None:
            self.slept += 1
            left.pop(0)()

        return await_end(
            self.digest,
            workspace=lambda: nullcontext(self.releases.workspace),
            terms=CanaryTerms(Canary(), Drift(), Quality()),
            counts=lambda _: {},
            times=LookTimes(poll_seconds=5, timeout_seconds=seconds),
            tell=self.told.append,
            sleep=sleep,
        )


def test_who_waits_sees_what_somebody_else_did_whatever_came_after(tmp_path: Path) -> None:
    """Another canary may already stand: the last line of history is no longer about this one."""
    waited = Waited(tmp_path)

    def promoted_and_another_begun() -> None:
        waited.releases.promote()
        waited.releases.canary(4)

    state = waited.wait(lambda: None, promoted_and_another_begun)
    assert (state.state, state.why) == ("promoted", "x")
    assert waited.told == ["it has answered 0 of 200 predictions"], "told once"


def test_another_canary_in_its_place_is_its_end(tmp_path: Path) -> None:
    waited = Waited(tmp_path)
    assert waited.wait(lambda: waited.releases.canary(4)).state == "dropped"


def test_who_waits_gives_up_after_a_time_and_says_why_it_goes_on(tmp_path: Path) -> None:
    state = Waited(tmp_path).wait(seconds=0)
    assert (state.state, state.why) == ("on_trial", "it has answered 0 of 200 predictions")
