"""A real Prometheus that scrapes given texts and evaluates lifecycles' rules."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil

READY_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """A running Prometheus."""

    url: str
    process: psutil.Process

    def values(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """Return (labels, value) of an instant query."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expr}, timeout=60)
        rows = answer.raise_for_status().json()["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def value(self, expr: str) -> float:
        """Return the only value of an instant query; NaN where there is none."""
        found = self.values(expr)
        return found[0][1] if found else float("nan")

    def wait(self, expr: str, *, at_least: float, seconds: float) -> None:
        """Wait until a query says enough."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if self.value(expr) >= at_least:
                    return
            time.sleep(0.5)
        raise SystemExit(f"{expr} did not reach {at_least:g} in {seconds:g} s")


@contextmanager
def shown(text: Callable[[], str]) -> Iterator[str]:
    """Serve what `text` returns as metrics; give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text().encode()
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


@contextmanager
def prometheus(
    target: str, *, rules: Sequence[dict[str, Any]], scrape: timedelta
) -> Iterator[Asked]:
    """Run Prometheus on a free port with a predictor at `target`."""
    from mdlc.life.server_process import free_port

    program = shutil.which("prometheus")
    if program is None:
        raise SystemExit("prometheus is not installed")
    every = f"{scrape.total_seconds():g}s"
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        for number, content in enumerate(rules):
            (folder / f"rules-{number}.json").write_text(json.dumps(content))
        config = {
            "global": {"scrape_interval": every, "scrape_timeout": every},
            "rule_files": [str(folder / "rules-*.json")],
            "scrape_configs": [
                {"job_name": "mdlc-predictor", "static_configs": [{"targets": [target]}]},
                {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]},
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log)
        try:
            asked = Asked(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
            asked.wait("sum(up)", at_least=1, seconds=READY_SECONDS)
            yield asked
        finally:
            process.terminate()
            process.wait()
