"""A canary is judged by what a real Prometheus recorded of a real server, and acted upon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.canary.canary_judge import by_prometheus, judge_and_end, terms_of
from mdlc.core.errors import ServiceError
from mdlc.core.spec import Lifecycle, load
from mdlc.core.spec.deploy import Canary
from mdlc.monitoring import prometheus_api as client
from mdlc.monitoring.rules.rule_file import rule_file
from tests import tiny
from tests.services.predictor import ROW, Server, predictor, wait_until
from tests.services.prometheus import Prometheus, prometheus
from tests.services.releases import Releases, first_release, has_canary, versions

pytestmark = pytest.mark.services
SECOND = timedelta(seconds=1)


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return first_release(tmp_path)


@pytest.fixture
def server(tmp_path: Path, releases: Releases) -> Iterator[Server]:
    with predictor(tmp_path, pointer=releases.workspace.pointer) as started:
        yield started


@pytest.fixture
def lifecycle(tmp_path: Path) -> Lifecycle:
    tiny.write_rows(tmp_path / "rows.csv", days=2, rows_a_day=5)
    made = load(tiny.write_file(tmp_path))
    # So few requests take their time by chance; how slow a canary may be is tested without clocks.
    canary = Canary(hold="1s", min_predictions=100, ratio=0.2, max_slowdown=100)
    deploy = made.spec.deploy.model_copy(update={"canary": canary})
    metadata = made.metadata.model_copy(update={"name": "flights"})
    spec = made.spec.model_copy(update={"deploy": deploy})
    return made.model_copy(update={"spec": spec, "metadata": metadata})


@pytest.fixture
def watched(server: Server, lifecycle: Lifecycle, tmp_path: Path) -> Iterator[Prometheus]:
    target = f"{server.client.base_url.host}:{server.client.base_url.port}"
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [
            {"job_name": "mdlc-predictor", "static_configs": [{"targets": [target]}]}
        ],
    }
    rules = rule_file(lifecycle, step=SECOND)
    with prometheus(config, [rules], folder=tmp_path / "prometheus") as running:
        yield running


def test_a_canary_is_promoted_by_what_prometheus_recorded(
    server: Server, releases: Releases, lifecycle: Lifecycle, watched: Prometheus
) -> None:
    releases.canary(2)
    wait_until(lambda: has_canary(server, 2))
    with client.Prometheus(watched.url) as asked:
        # increase() of the raw counters needs a sample from before.
        seen = 'mdlc_version_failures_total{version="2"}'
        wait_until(lambda: bool(asked.query(seen)), seconds=60)
        found = versions(server, [f"p-{number}" for number in range(1000)])
        counts = by_prometheus(asked, model="flights")
        elapsed = timedelta(minutes=1)
        # Each row is counted once: increments are exact.
        wait_until(
            lambda: (
                {version: round(count.predictions) for version, count in counts(elapsed).items()}
                == {version: found.count(version) for version in ("1", "2")}
            ),
            seconds=60,
        )
        wait_until(lambda: counts(elapsed)["2"].scoring_seconds > 0, seconds=60)
        canary = counts(elapsed)["2"]
        # 20 requests; increase() extrapolates, the more the fewer scrapes there are yet.
        assert 10 <= canary.scorings <= 60
        assert sum(canary.bins.values()) == found.count("2")
        assert sum(canary.reference.values()) == 100
        done = judge_and_end(
            releases.workspace, terms_of(lifecycle), counts=counts, now=datetime.now(UTC)
        )
        assert (done.action, done.version) == ("promote", "2"), done.why
        wait_until(lambda: not has_canary(server, 2))
        up = asked.query("up")
        assert [(s.labels["job"], s.value) for s in up] == [("mdlc-predictor", 1)]
        now = datetime.now(UTC)
        (series,) = asked.query_range("up", start=now - 5 * SECOND, end=now, step=SECOND)
        assert {value for _, value in series.points} == {1.0}
        with pytest.raises(ServiceError, match="status 400"):
            asked.query("sum(")


def test_a_canary_that_fails_is_rolled_back_by_what_prometheus_recorded(
    server: Server, releases: Releases, lifecycle: Lifecycle, watched: Prometheus
) -> None:
    releases.canary(2, fault="raises")
    wait_until(lambda: has_canary(server, 2))
    with client.Prometheus(watched.url) as asked:
        counts = by_prometheus(asked, model="flights")
        # increase() needs a sample from before.
        wait_until(
            lambda: bool(asked.query('mdlc_version_failures_total{version="2"}')), seconds=60
        )
        early = judge_and_end(
            releases.workspace, terms_of(lifecycle), counts=counts, now=datetime.now(UTC)
        )
        assert early.action == "wait"
        row = {**ROW, "x0": 3.0}
        assert set(versions(server, [f"p-{n}" for n in range(500)], row)) == {"1"}

        def judged() -> bool:
            done = judge_and_end(
                releases.workspace, terms_of(lifecycle), counts=counts, now=datetime.now(UTC)
            )
            return done.action == "roll_back" and "predictions failed" in done.why

        wait_until(judged, seconds=60)
    wait_until(lambda: not has_canary(server, 2))
    watched.kill()
    releases.canary(4)
    with client.Prometheus(watched.url) as away:
        gone = judge_and_end(
            releases.workspace,
            terms_of(lifecycle),
            counts=by_prometheus(away, model="flights"),
            now=datetime.now(UTC) + timedelta(days=1),
        )
    assert (gone.action, "does not answer" in gone.why) == ("wait", True)
