"""Rules of many models on a real Prometheus: seconds an evaluation takes, series, and memory."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import common
import httpx
import psutil

REPEATS = 1
MODELS, FEATURES, BINS = 100, 50, 10
SCRAPE_SECONDS, STEP_SECONDS, RUN_SECONDS = 15, 120, 175
JOB = "mdlc-predictor"


def measure(repeats: int) -> common.Result:
    """Let Prometheus scrape one exposition of all models, and evaluate all their rules."""
    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("prometheus is not installed")
    title = f"{MODELS} models x {FEATURES} features x {BINS} bins, evaluated each {STEP_SECONDS} s"
    result = common.Result("rules", title)
    found = [_watch(program) for _ in range(repeats)]
    rows = {
        "one model's signals, median": ("s", "median"),
        "one model's signals, slowest": ("s", "slowest"),
        "one model's objectives and life": ("s", "life"),
        "Prometheus, scrapes and all": ("% of a core", "cpu"),
        "series recorded for one model": ("series", "recorded"),
        "series scraped for one model": ("series", "scraped"),
        "Prometheus' resident memory": ("MB", "memory"),
    }
    for what, (unit, key) in rows.items():
        result.add(what, [one[key] for one in found], unit=unit)
    result.notes += [
        "One version, one replica, two classes; each new evaluation has new counts.",
        f"The windows hold {RUN_SECONDS} s of history; long ones add the time to read their"
        " samples, 2,520 a series for a week at 4 min. At that step the rules take half of"
        " the time.",
    ]
    return result


def exposition(rounds: int) -> str:
    """Return what the predictors of all models show after so many rounds of traffic."""
    chance, lines = random.Random(rounds), ["# TYPE mdlc_feature_bin_total counter"]
    series_names = [str(index) for index in range(BINS)]
    for model in range(MODELS):
        at = f'model="m{model}",version="1"'
        rows = 100.0 * rounds
        for feature in [f"x{index}" for index in range(FEATURES)]:
            for name in series_names:
                where = f'{at},feature="{feature}",bin="{name}"'
                lines.append(f"mdlc_feature_bin_total{{{where}}} {rows / BINS + chance.random():g}")
                lines.append(f"mdlc_reference_bin_count{{{where}}} 500")
        for name in series_names:
            lines.append(f'mdlc_prediction_bin_total{{{at},bin="{name}"}} {rows / BINS:g}')
            where = f'{at},feature="__prediction",bin="{name}"'
            lines.append(f"mdlc_reference_bin_count{{{where}}} 500")
        lines.append(f'mdlc_model_info{{{at},digest="d",candidate="c"}} 1')
        lines += [f"{counter}{{{at}}} {rows:g}" for counter in _counters()]
        for kind in ("yes", "no"):
            lines += [f'{c}{{{at},class="{kind}"}} {rows / 2:g}' for c in _class_counters()]
    lines.append(f"process_start_time_seconds {START}")
    return "\n".join(lines) + "\n"


START = time.time()


def _counters() -> list[str]:
    from mdlc.monitoring.rules import series_names

    return [name for name in series_names.COUNTS.values() if "error" not in name]


def _class_counters() -> list[str]:
    from mdlc.monitoring.rules import series_names

    return list(series_names.CLASS_COUNTS.values())


@contextmanager
def _shown(texts: list[str]) -> Iterator[str]:
    """Serve the texts, one after the other; give the address."""
    asked = iter(range(10**9))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = texts[min(next(asked), len(texts) - 1)].encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def _watch(program: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name, socket.socket() as door:
        folder = Path(name)
        texts = [exposition(rounds) for rounds in range(1, RUN_SECONDS // SCRAPE_SECONDS + 3)]
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
        door.close()
        with _shown(texts) as address:
            _configure(folder, address=address, port=port)
            command = [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            try:
                time.sleep(RUN_SECONDS)
                seen = psutil.Process(process.pid)
                used = sum(seen.cpu_times()[:2]) / RUN_SECONDS * 100
                own = {"memory": seen.memory_info().rss / 1e6, "cpu": used}
                return _found(f"http://127.0.0.1:{port}") | own
            finally:
                process.terminate()
                process.wait()


def _configure(folder: Path, *, address: str, port: int) -> None:
    from datetime import timedelta

    from mdlc.core.spec import Lifecycle
    from mdlc.monitoring.rules.rule_file import rule_file

    for index in range(MODELS):
        whole = Lifecycle.model_validate(_lifecycle(f"m{index}"))
        rules = rule_file(whole, step=timedelta(seconds=STEP_SECONDS))
        (folder / f"rules-{index}.json").write_text(json.dumps(rules))
    config: dict[str, Any] = {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s"},
        "rule_files": [str(folder / "rules-*.json")],
        "scrape_configs": [
            {"job_name": JOB, "static_configs": [{"targets": [address]}]},
            {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))


def _lifecycle(name: str) -> dict[str, Any]:
    payoff = {"actions": {"a": {"yes": 1}, "b": {"yes": 0}}, "do_nothing": "b"}
    return {
        "apiVersion": "mdlc.dev/v1alpha1",
        "kind": "Lifecycle",
        "metadata": {"name": name},
        "spec": {
            "business": {"payoff": payoff},
            "data": {"sources": {"s": {"csv": "s.csv"}}, "target": "y"},
            "monitor": {"warm_up": "0s", "drift": {"min_predictions": 10}},
        },
    }


def _found(url: str) -> dict[str, float]:
    def value(expr: str) -> float:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": expr}, timeout=60).json()
        return float(answer["data"]["result"][0]["value"][1])

    last = 'prometheus_rule_group_last_duration_seconds{rule_group=~".*signals"}'
    others = 'prometheus_rule_group_last_duration_seconds{rule_group=~".*(slo|life)"}'
    failures = value("sum(prometheus_rule_evaluation_failures_total)")
    psi = value('count(model_version_feature:mdlc_psi:value_short{feature!="__prediction"})')
    if failures or psi != MODELS * FEATURES:
        raise SystemExit(f"{failures:g} failures, {psi:g} indexes")
    return {
        "median": value(f"quantile(0.5, {last})"),
        "slowest": value(f"max({last})"),
        "life": value(f"quantile(0.5, {others})") * 2,
        "recorded": value('count({__name__=~".+:.+",model="m0"})'),
        "scraped": value('count({__name__!~".+:.+|ALERTS.*",model="m0"})'),
    }
