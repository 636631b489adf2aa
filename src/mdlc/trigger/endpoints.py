"""The trigger's HTTP endpoints.

A request is answered only after the ledger has committed its decision, so an answer is never lost
by a crash.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import anyio.to_thread
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdlc.core.errors import MdlcError, ServiceError, StorageError
from mdlc.life.releases import current
from mdlc.life.retraining_request import RetrainingRequest
from mdlc.retraining.policy import MANUAL
from mdlc.services.refusals import Refusal
from mdlc.services.request_gate import RequestGate
from mdlc.state.watch_documents import Verdict
from mdlc.trigger import webhook_payload
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.pending_reasons import alerted
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower
from mdlc.trigger.trigger_gate import TriggerWatch, trigger_rules
from mdlc.trigger.trigger_metrics import FromLedger

WORK_SECONDS = 25
"""Time limit of a request's work on ledger and payload log; Alertmanager repeats what fails."""
SILENT_SECONDS = 300
"""The follower counts as hung if its last look is longer ago than this (plus ten polls)."""
SHOWN = 200
"""How many verdicts GET /v1/verdicts returns at most; older ones are left out."""
T = TypeVar("T")


class TriggerService:
    """The handlers of the endpoints."""

    def __init__(
        self,
        lives: Callable[[], Mapping[str, LifecycleEntry]],
        *,
        follower: RunFollower,
        terms: FollowTerms,
        requests: RequestCounter,
        registry: CollectorRegistry,
    ) -> None:
        self._lives = lives
        self._follower = follower
        self._terms = terms
        self._requests = requests
        self._registry = registry
        registry.register(FromLedger(lives))

    async def alerts(self, request: HttpRequest) -> Response:
        """Accept a notification by Alertmanager and answer with the verdicts it led to."""
        sent = webhook_payload.parse_notification(await request.body())
        decided = await _worked(lambda: self._alerts(sent))
        self._requests.count("alerts", "accepted")
        return JSONResponse({"verdicts": decided})

    def _alerts(self, sent: webhook_payload.Notification) -> list[dict[str, Any]]:
        """Store the alerts, then ask the ledger once for each model that has firing ones.

        All alerts are stored before the first question. Alerts about unknown models, and alerts
        without a reason to retrain, are ignored.
        """
        firing: dict[str, tuple[LifecycleEntry, list[webhook_payload.WebhookAlert]]] = {}
        lives = self._lives()
        for alert in sent.alerts:
            watched = lives.get(alert.labels.get("model", ""))
            if alert.counts and watched is not None:
                firing.setdefault(watched.name, (watched, []))[1].append(alert)
        for watched, alerts in firing.values():
            watched.ledger.receive(
                time=watched.clock(),
                firing=[alert.standing() for alert in alerts if alert.status == "firing"],
                resolved=[alert.key for alert in alerts if alert.status == "resolved"],
            )
        decided = []
        for watched, alerts in firing.values():
            now = watched.clock()
            reasons, evidence = alerted(watched, now)
            if reasons and any(alert.status == "firing" for alert in alerts):
                _released(watched)
                decided.append(
                    _short(self._ask(watched, RetrainingRequest(now, reasons, evidence)))
                )
        return decided

    async def retrain(self, request: HttpRequest) -> Response:
        """Ask for a retraining on behalf of a person: 202 if a run starts, 409 if not."""
        wish = webhook_payload.parse_retrain_request(await request.body())
        watched = self._named(wish.model)
        evidence = {"why": wish.why}
        asked = RetrainingRequest(watched.clock(), [MANUAL], evidence, force=wish.force)
        verdict = await _worked(lambda: self._ask(watched, asked))
        self._requests.count("person", "accepted")
        return JSONResponse(_short(verdict), status_code=202 if verdict.decision == "run" else 409)

    async def verdicts(self, request: HttpRequest) -> Response:
        """Return the newest verdicts of a model, oldest first."""
        watched = self._named(request.query_params.get("model", ""))
        every = await _worked(lambda: watched.ledger.all())  # noqa: PLW0108 - opening may fail
        shown = every[-SHOWN:]
        return JSONResponse({"verdicts": [verdict.model_dump(mode="json") for verdict in shown]})

    async def healthz(self, _request: HttpRequest) -> Response:
        """Answer 200 while the follower looks at the lifecycles, 500 if it hangs."""
        silent = time.monotonic() - self._follower.looked
        limit = SILENT_SECONDS + 10 * self._terms.poll_seconds
        return JSONResponse(
            {"looked_seconds_ago": round(silent)}, status_code=200 if silent < limit else 500
        )

    async def readyz(self, _request: HttpRequest) -> Response:
        """Answer 200 if the ledger of every lifecycle answers, otherwise 503."""
        lives = list(self._lives().values())
        await _worked(lambda: [watched.ledger.standing(watched.clock()) for watched in lives])
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: HttpRequest) -> Response:
        """Return the metrics in the format that Prometheus accepts."""
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(
            await _worked(lambda: encode(self._registry)), headers={"content-type": kind}
        )

    def _ask(self, watched: LifecycleEntry, request: RetrainingRequest) -> Verdict:
        verdict = watched.ask(request, follower=self._terms.asking(again=False))
        if verdict.decision == "run":
            self._follower.wake()
        return verdict

    def _named(self, model: str) -> LifecycleEntry:
        lives = self._lives()
        watched = lives.get(model)
        if watched is None:
            known = ", ".join(sorted(lives)) or "none yet"
            raise Refusal(
                f"no model {model[:100]!r} here; there is {known}", status=404, reason="invalid"
            )
        return watched


async def _worked(work: Callable[[], T]) -> T:
    """Run blocking work in a thread and turn its errors into refusals.

    Raises:
        Refusal: with status 503 if a service does not answer, or not in time; otherwise 409.
    """
    try:
        async with asyncio.timeout(WORK_SECONDS):
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except TimeoutError as error:
        raise Refusal("no answer in time; ask again", status=503, reason="unavailable") from error
    except (ServiceError, StorageError) as error:
        raise Refusal(f"{error}; ask again", status=503, reason="unavailable") from error
    except MdlcError as error:
        raise Refusal(str(error), status=409, reason="invalid") from error


def _released(watched: LifecycleEntry) -> None:
    """Require that a released version is known here.

    The refusal is a 503, which Alertmanager repeats; it would not repeat a 409.

    Raises:
        Refusal: nothing is released, or its pointer has not been copied here yet.
    """
    if current(watched.workspace) is None:
        said = f"what serves of {watched.name} is not known here yet; ask again"
        raise Refusal(said, status=503, reason="unavailable")


def _short(verdict: Verdict) -> dict[str, Any]:
    shown = {"id", "decision", "rule", "reasons", "why"}
    return verdict.model_dump(mode="json", include=shown)


def create(
    service: TriggerService,
    *,
    requests: RequestCounter,
    token: str | None,
    local: bool,
    lifespan: Callable[[Any], Any] | None = None,
) -> Starlette:
    """Return the ASGI app.

    Args:
        service: The handlers.
        requests: Counts the requests that the gate refuses.
        token: What callers must send as a bearer token; None: no token is asked for.
        local: Whether the app listens on loopback only, as it must without a token.
        lifespan: Starlette's lifespan, which starts and ends the follower.
    """
    routes = [
        Route("/v1/alerts", service.alerts, methods=["POST"]),
        Route("/v1/retrain", service.retrain, methods=["POST"]),
        Route("/v1/verdicts", service.verdicts, methods=["GET"]),
        Route("/healthz", service.healthz, methods=["GET"]),
        Route("/readyz", service.readyz, methods=["GET"]),
        Route("/metrics", service.metrics, methods=["GET"]),
    ]
    rules = trigger_rules(token=token, local=local)
    gate = Middleware(RequestGate, rules=rules, watch=TriggerWatch(requests))
    return Starlette(routes=routes, middleware=[gate], lifespan=lifespan)
