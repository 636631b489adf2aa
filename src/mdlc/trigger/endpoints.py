"""The trigger's endpoints. A request is answered once what it led to is committed."""

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
from mdlc.state.watch_documents import Verdict
from mdlc.trigger import webhook_payload
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.pending_reasons import alerted
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower
from mdlc.trigger.trigger_gate import TriggerGate
from mdlc.trigger.trigger_metrics import FromLedger

WORK_SECONDS = 25
"""For ledger and payload log; Alertmanager asks again what was not answered."""
SILENT_SECONDS = 300
"""A follower that has not looked for so long hangs."""
SHOWN = 200
"""Verdicts that GET /v1/verdicts returns, the newest."""
T = TypeVar("T")


class TriggerService:
    """What the endpoints do."""

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
        """Take a notification by Alertmanager."""
        sent = webhook_payload.parse_notification(await request.body())
        decided = await _worked(lambda: self._alerts(sent))
        self._requests.count("alerts", "accepted")
        return JSONResponse({"verdicts": decided})

    def _alerts(self, sent: webhook_payload.Notification) -> list[dict[str, Any]]:
        """Keep what stands, and ask for the reasons; all alerts are kept before anything is asked.

        Those of other models, and those that give no reason, start nothing.
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
        """Take a person's wish: 202 if a run starts, 409 if the policy says no."""
        wish = webhook_payload.parse_retrain_request(await request.body())
        watched = self._named(wish.model)
        evidence = {"why": wish.why}
        asked = RetrainingRequest(watched.clock(), [MANUAL], evidence, force=wish.force)
        verdict = await _worked(lambda: self._ask(watched, asked))
        self._requests.count("person", "accepted")
        return JSONResponse(_short(verdict), status_code=202 if verdict.decision == "run" else 409)

    async def verdicts(self, request: HttpRequest) -> Response:
        """Return the newest verdicts of a model, the newest last."""
        watched = self._named(request.query_params.get("model", ""))
        every = await _worked(lambda: watched.ledger.all())  # noqa: PLW0108 - opening may fail
        shown = every[-SHOWN:]
        return JSONResponse({"verdicts": [verdict.model_dump(mode="json") for verdict in shown]})

    async def healthz(self, _request: HttpRequest) -> Response:
        """Say whether the follower looks."""
        silent = time.monotonic() - self._follower.looked
        limit = SILENT_SECONDS + 10 * self._terms.poll_seconds
        return JSONResponse(
            {"looked_seconds_ago": round(silent)}, status_code=200 if silent < limit else 500
        )

    async def readyz(self, _request: HttpRequest) -> Response:
        """Say whether the ledgers answer."""
        lives = list(self._lives().values())
        await _worked(lambda: [watched.ledger.standing(watched.clock()) for watched in lives])
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: HttpRequest) -> Response:
        """Return the metrics."""
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
    """Do blocking work in a thread; a service that is away, or slow, is a 503.

    Raises:
        Refusal: the work failed.
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
    """Have Alertmanager ask again where it is not known yet what serves: a 409 it would not repeat.

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
    """Return the ASGI app; `local`: it listens on loopback only."""
    routes = [
        Route("/v1/alerts", service.alerts, methods=["POST"]),
        Route("/v1/retrain", service.retrain, methods=["POST"]),
        Route("/v1/verdicts", service.verdicts, methods=["GET"]),
        Route("/healthz", service.healthz, methods=["GET"]),
        Route("/readyz", service.readyz, methods=["GET"]),
        Route("/metrics", service.metrics, methods=["GET"]),
    ]
    gate = Middleware(TriggerGate, requests=requests, token=token, local=local)
    return Starlette(routes=routes, middleware=[gate], lifespan=lifespan)
