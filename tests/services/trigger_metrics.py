"""The trigger's page of metrics, by its contract: a stand-in for tests that need only its numbers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

PAGE = """\
mdlc_trigger_decisions_total{{model="{m}",decision="skip",rule="when"}} {skips}
mdlc_trigger_decisions_total{{model="{m}",decision="run",rule="accepted"}} {runs}
mdlc_trigger_requests_total{{source="alerts",outcome="accepted"}} {asked}
mdlc_trigger_requests_total{{source="alerts",outcome="unauthorized"}} {refused}
mdlc_trigger_requests_total{{source="person",outcome="accepted"}} 1
mdlc_retrainings_total{{model="{m}",outcome="promoted"}} {promoted}
mdlc_retrainings_total{{model="{m}",outcome="failed"}} {failed}
mdlc_retraining_attempts_total{{model="{m}"}} {attempts}
mdlc_retraining_running{{model="{m}"}} {running}
mdlc_retraining_failures_in_a_row{{model="{m}"}} {row}
mdlc_retraining_runs_left{{model="{m}"}} {left}
mdlc_retraining_money_left{{model="{m}",currency="EUR"}} {money}
mdlc_retraining_seconds{{model="{m}"}} {took}
mdlc_retraining_last_timestamp_seconds{{model="{m}",outcome="{outcome}",version="{version}"}} {ended}
mdlc_trigger_last_decision_timestamp_seconds{{model="{m}",decision="{said}",rule="{by}",reasons="drift"}} {decided}
mdlc_promotions_total{{model="{m}"}} {promotions}
mdlc_rollbacks_total{{model="{m}"}} 0
mdlc_canary_rollbacks_total{{model="{m}"}} 0
"""


def page(model: str, *, began: float, share: float, seconds: float) -> str:
    """Return the exposition when `share` of the time is over."""
    failed, promoted = share > 0.35, share > 0.5
    return PAGE.format(
        m=model,
        skips=int(share * 12),
        runs=(share > 0.32) + (share > 0.4),
        asked=int(share * 40),
        refused=int(share * 9),
        promoted=int(promoted),
        failed=int(failed),
        attempts=3 * failed + promoted,
        running=int(0.4 < share <= 0.5),
        row=int(failed and not promoted),
        left=4 - failed - promoted,
        money=100 - 20 * (failed + promoted),
        took=0.1 * seconds if promoted else 0.03 * seconds,
        outcome="promoted" if promoted else "failed" if failed else "refused",
        version="2" if promoted else "",
        ended=began + seconds * (0.5 if promoted else 0.35 if failed else 0),
        said="run" if 0.32 < share < 0.6 else "skip",
        by="accepted" if 0.32 < share < 0.6 else "cooldown",
        decided=began + seconds * (0.4 if 0.32 < share < 0.6 else share),
        promotions=1 + promoted,
    )


@contextlib.contextmanager
def served(model: str, *, seconds: float) -> Iterator[str]:
    """Serve the page at a free port; yield host:port."""
    began = time.time()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            share = min((time.time() - began) / seconds, 1)
            body = page(model, began=began, share=share, seconds=seconds).encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
