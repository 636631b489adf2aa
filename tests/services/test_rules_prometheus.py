"""The rules on a real Prometheus that scrapes, is killed, and starts again on the same data."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mdlc.core.spec import Lifecycle, load
from mdlc.monitoring import population_stability
from mdlc.monitoring.fake_predictor import MODEL, FakePredictor
from mdlc.monitoring.rules.rule_file import rule_file, step_of
from tests.services.prometheus import Prometheus, program, prometheus, wait
from tests.unit.monitoring.rules.history import JOB, lifecycle

pytestmark = [pytest.mark.services, pytest.mark.slow]

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/lifecycle.yaml"))
MONITOR = {
    **{"window": "5m", "long_window": "10m", "warm_up": "0s", "labels_within": "1s"},
    **{"scrape": "1s", "hold": "0s"},
    **{"drift": {"min_predictions": 10}, "quality": {"min_labels": 10}},
}
TRAINED = {"0": 700, "1": 300, "2": 0}


def handler_of(replica: Replica) -> type[BaseHTTPRequestHandler]:
    """Return what answers GET with a replica's metrics."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with replica.lock:
                body = replica.predictor.show().encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class Replica:
    """One process of a predictor: an exposition over HTTP that tests change as they go."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begin()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def begin(self) -> None:
        """Start (again) as a new process: counters at 0."""
        predictor = FakePredictor()
        predictor.serve(promised=1.0)
        predictor.train(TRAINED)
        predictor.predict(dict.fromkeys(TRAINED, 0))
        predictor.label(0, positive=0, p=0.8)
        predictor.counts["process_start_time_seconds", ()] = time.time()
        with self.lock:
            self.predictor = predictor

    def count(self, bins: dict[str, float], *, right: float = 0, labels: float = 0) -> None:
        """Predict rows in these bins, and label some."""
        with self.lock:
            self.predictor.predict(bins)
            self.predictor.label(labels, positive=right, p=0.8, money=0.5)

    def stop(self) -> None:
        """End the process."""
        self._server.shutdown()
        self._server.server_close()


class Truth:
    """What all replicas together have counted, whatever became of them."""

    def __init__(self) -> None:
        self.bins = dict.fromkeys(TRAINED, 0.0)
        self.right = self.labels = 0.0

    def count(self, replica: Replica, bins: dict[str, float], *, right: float, labels: float):
        """Let a replica count."""
        replica.count(bins, right=right, labels=labels)
        self.bins = {name: self.bins[name] + bins.get(name, 0) for name in self.bins}
        self.right, self.labels = self.right + right, self.labels + labels

    def holds(self, server: Prometheus) -> bool:
        """Say whether the recorded sums are these counts exactly, and all signals to 1e-9."""
        money = "model_version:mdlc_money:mean_short"
        expected = {
            f'model_version_feature_bin:mdlc_rows:sum_short{{feature="x",bin="{name}"}}': count
            for name, count in self.bins.items()
        }
        expected |= {
            "model_version:mdlc_predictions:sum_short": sum(self.bins.values()),
            "model_version:mdlc_labels:sum_short": self.labels,
            "model_version:mdlc_correct:sum_short": self.right,
        }
        near = {
            'model_version_feature:mdlc_psi:value_short{feature="x"}': population_stability.psi(
                TRAINED, self.bins
            ),
            "model_version:mdlc_accuracy:ratio_short": self.right / self.labels,
            money: 0.5,
        }
        seen = {expr: [value for _, value in server.query(expr)] for expr in [*expected, *near]}
        exact = all(seen[expr] == [value] for expr, value in expected.items())
        return exact and all(seen[expr] == [pytest.approx(v, abs=1e-9)] for expr, v in near.items())

    def settle(self, server: Prometheus) -> None:
        """Wait until scrapes and rules have caught up, and demand that they stay there."""
        wait(lambda: self.holds(server), seconds=15, every=0.5)
        time.sleep(3)
        assert self.holds(server), "counted once more"


@contextmanager
def watched(folder: Path, *, of: Lifecycle) -> Iterator[tuple[Prometheus, Path]]:
    """Run Prometheus with the rules of a lifecycle, on the targets that a file lists."""
    targets = folder / "targets.json"
    targets.write_text("[]")
    job = {
        "job_name": JOB,
        "scrape_interval": "1s",
        "file_sd_configs": [{"files": [str(targets)], "refresh_interval": "1s"}],
    }
    config = {"global": {"evaluation_interval": "1s"}, "scrape_configs": [job]}
    with prometheus(config, rules=[rule_file(of)], folder=folder / "p") as server:
        yield server, targets


def point(targets: Path, *replicas: Replica) -> None:
    """Let these replicas be the targets."""
    whole = targets.with_suffix(".new")
    whole.write_text(json.dumps([{"targets": [one.address for one in replicas]}]))
    whole.rename(targets)


def traffic(truth: Truth, *replicas: Replica, seconds: int) -> None:
    """Let replicas count for a while, at no particular moment between scrapes."""
    for tick in range(4 * seconds):
        for replica in replicas:
            truth.count(replica, {"0": 3, "1": 2, "2": tick % 2}, right=3, labels=4)
        time.sleep(0.25)


def quiet() -> None:
    """Let Prometheus see what a replica counted last: a crash loses what no scrape has seen."""
    time.sleep(2.5)


def test_counts_survive_restarts_updates_and_a_killed_prometheus(tmp_path: Path) -> None:
    of = lifecycle(monitor=MONITOR)
    assert step_of(of.spec.monitor) == timedelta(seconds=1)
    truth, first, second = Truth(), Replica(), Replica()
    try:
        with watched(tmp_path, of=of) as (server, targets):
            point(targets, first)
            traffic(truth, first, seconds=4)
            truth.settle(server)

            first.begin()  # a restart; by the next scrape it has counted more than before
            for _ in range(20):
                truth.count(first, {"0": 9, "1": 1}, right=2, labels=5)
            traffic(truth, first, seconds=2)
            truth.settle(server)

            second.begin()
            point(targets, first, second)  # a rolling update
            traffic(truth, first, second, seconds=3)
            quiet()
            point(targets, second)
            traffic(truth, second, seconds=3)
            truth.settle(server)

            crash = threading.Timer(2, server.kill)  # while it scrapes, records and counts
            crash.start()
            traffic(truth, second, seconds=6)
            crash.join()
            server.start()
            traffic(truth, second, seconds=2)
            truth.settle(server)

            rules = server.get("rules")["groups"]
            bad = [r for g in rules for r in g["rules"] if r["health"] != "ok"]
            assert bad == []
    finally:
        first.stop()
        second.stop()


def test_an_alert_fires_with_its_reason(tmp_path: Path) -> None:
    replica = Replica()
    try:
        with watched(tmp_path, of=lifecycle(monitor=MONITOR)) as (server, targets):
            point(targets, replica)
            time.sleep(2)
            for _ in range(3):
                replica.count({"1": 500}, right=10, labels=100)
                time.sleep(1)

            def fires() -> bool:
                found = [a["labels"] for a in server.alerts() if a["state"] == "firing"]
                drifted = {("FeatureDrift", "x", "drift"), ("CalibrationOff", "yes", "calibration")}
                keys = ("alertname", "subject", "reason")
                return drifted <= {tuple(a.get(k, "") for k in keys) for a in found} and all(
                    a["model"] == MODEL for a in found
                )

            wait(fires, seconds=20)
    finally:
        replica.stop()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_rules_of_the_examples_are_what_promtool_accepts(path: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(rule_file(load(path))))
    done = subprocess.run(
        [program("promtool"), "check", "rules", str(rules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout
