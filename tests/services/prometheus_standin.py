"""A stand-in for Prometheus that is asked for a canary's counts: answers what the test says.

It checks that a query is one of those that monitoring/canary_counts asks, and knows nothing else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SERIES = {
    "mdlc_predictions:increase": "predictions",
    "mdlc_labels:increase": "labels",
    "mdlc_money_squared:increase": "money_squared",
    "mdlc_money_gained:increase": "gained",
    "mdlc_money_lost:increase": "lost",
    "mdlc_version_failures_total": "failures",
    "mdlc_scoring_seconds_count": "scorings",
    "mdlc_scoring_seconds_sum": "seconds",
    "mdlc_rows:increase": "bins",
    "mdlc_reference_rows:max": "reference",
}


class Handler(BaseHTTPRequestHandler):
    """One query."""

    counts: dict[str, Mapping[str, float]]
    down: list[bool]

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, fields: str) -> None:
        (query,) = parse_qs(fields)["query"]
        (name,) = [name for series, name in SERIES.items() if series in query]
        found = [
            {"metric": {"version": version}, "value": [0, str(counts[name])]}
            for version, counts in self.counts.items()
            if name in counts
        ]
        body = json.dumps(
            {"status": "success", "data": {"resultType": "vector", "result": found}}
        ).encode()
        self.send_response(503 if self.down[0] else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def prometheus_standin(counts: dict[str, Mapping[str, float]]) -> Iterator[Any]:
    """Yield a running stand-in with `url`, and `counts` and `down` that the test may change."""
    fields: dict[str, Any] = {"counts": counts, "down": [False]}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), fields))
    server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    server.counts, server.down = fields["counts"], fields["down"]  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
