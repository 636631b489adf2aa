"""The ASGI app: kserve's V1 and V2 endpoints for our model, with feedback and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mdlc.core.errors import DataError
from mdlc.core.spec.deploy import Serving
from mdlc.services.refusals import Refusal, internal_error
from mdlc.services.request_gate import RequestGate
from mdlc.serving.active_models import load
from mdlc.serving.kserve_sdk import (
    DataPlane,
    InferenceError,
    InvalidInput,
    ModelNotFound,
    ModelNotReady,
    register_v1_endpoints,
    register_v2_endpoints,
)
from mdlc.serving.label_feedback import Feedback
from mdlc.serving.model_repository import PointerRepository, Reloads, log_loaded
from mdlc.serving.payload_log import PayloadLog, WriteOutcome
from mdlc.serving.pointer_follower import follow
from mdlc.serving.predictor import Predictor
from mdlc.serving.predictor_gate import PredictorWatch, predictor_rules
from mdlc.serving.predictor_metrics import Metrics
from mdlc.serving.request_clock import Clock
from mdlc.serving.v2_request import read_request

BINARY_FROM = "inference-header-content-length"
"""V2: header with the number of bytes of a body that are JSON; binary tensors follow."""
THREADS = 1
"""Threads of one scoring: requests are small and many, so each uses one core."""


@dataclass(frozen=True)
class PredictorService:
    """One model with all parts that serve it."""

    predictor: Predictor
    repository: PointerRepository
    store: PayloadLog
    metrics: Metrics
    feedback: Feedback
    pool: ThreadPoolExecutor


def open_service(
    pointer: Path, *, store: str, serving: Serving, request_clock: bool, currency: str
) -> PredictorService:
    """Load the model that `pointer` names and open the payload log at the URL `store`.

    Raises:
        ArtifactError: the model does not load.
        StorageError: the log does not open.
    """
    lineup = load(pointer, limits=serving, threads=THREADS)
    log_loaded(lineup)
    metrics = Metrics(lineup.name, currency=currency)

    def watch(fate: WriteOutcome) -> None:
        metrics.payload_lost.inc(fate.lost)
        metrics.payload_waiting.set(fate.waiting)
        metrics.payload_reopened.inc(fate.reopened)

    log = PayloadLog(store, name=lineup.name, watch=watch)
    clock = Clock(by_request=request_clock)
    pool = ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 2, thread_name_prefix="score")
    predictor = Predictor(lineup, store=log, metrics=metrics, clock=clock, pool=pool)
    repository = PointerRepository(predictor, pointer=pointer, limits=serving, threads=THREADS)
    feedback = Feedback(
        log,
        metrics=metrics,
        clock=clock,
        terms=lambda: predictor.loaded.scorer.manifest.payoff,
        limits=serving,
    )
    return PredictorService(predictor, repository, log, metrics, feedback, pool)


def create(
    service: PredictorService,
    *,
    serving: Serving,
    token: str | None,
    local: bool = False,
    poll_seconds: float = 0.0,
) -> FastAPI:
    """Return the ASGI app of a service; it closes the service when it shuts down.

    Args:
        service: The model and its parts.
        serving: The section spec.deploy.serving.
        token: What clients must send as a bearer token; None: no token is asked for.
        local: Whether the server listens on loopback only; without a token it then answers only
            requests to local host names.
        poll_seconds: Time between two looks for a new release; 0: releases are loaded by request.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        following = None
        if poll_seconds:
            following = asyncio.create_task(follow(service.repository, seconds=poll_seconds))
        yield
        if following:
            following.cancel()
        service.pool.shutdown(wait=True)
        await run_in_threadpool(service.store.close)

    app = FastAPI(title="mdlc", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    plane, reloads = DataPlane(model_registry=service.repository), Reloads(service.repository)
    _routes(app, service, plane=plane)
    register_v1_endpoints(app, plane, reloads)
    register_v2_endpoints(app, plane, reloads)
    watch = PredictorWatch(service.metrics)
    for kind in (*STATUS, Refusal, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _handler(watch))
    rules = predictor_rules(serving, token=token, local=local)
    app.add_middleware(RequestGate, rules=rules, watch=watch)
    return app


def _routes(app: FastAPI, service: PredictorService, *, plane: DataPlane) -> None:
    """Add endpoints that KServe lacks, and a stricter one for V2's inference."""

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def metrics(request: Request) -> Response:
        text, kind = await run_in_threadpool(
            service.metrics.exposition, request.headers.get("accept", "")
        )
        return Response(text, headers={"content-type": kind})

    async def feedback(request: Request) -> JSONResponse:
        name = request.path_params["model_name"]
        if name != service.predictor.name:
            raise ModelNotFound(name)
        body, headers = await request.body(), dict(request.headers)
        return JSONResponse(
            await run_in_threadpool(service.feedback.receive, body, headers=headers)
        )

    async def infer(request: Request) -> Response:
        name, headers = request.path_params["model_name"], dict(request.headers)
        if name != service.predictor.name:
            raise ModelNotFound(name)
        asked = read_request(await request.body(), header_length=headers.get(BINARY_FROM))
        answer, _ = await plane.infer(model_name=name, request=asked, headers=headers)
        said, json_bytes = answer.to_rest()
        if json_bytes is None:
            return Response(orjson.dumps(said), media_type="application/json")
        length = {BINARY_FROM: str(json_bytes)}
        return Response(said, media_type="application/octet-stream", headers=length)

    async def of_a_version(_request: Request) -> Response:
        raise NotImplementedError("versions are not chosen by clients; leave /versions/... out")

    app.add_route("/v2/models/{model_name}/infer", infer, methods=["POST"])
    app.add_route(
        "/v2/models/{model_name}/versions/{version}/infer", of_a_version, methods=["POST"]
    )
    app.add_route("/", live, methods=["GET"])
    app.add_route("/metrics", metrics, methods=["GET"])
    app.add_route("/v1/models/{model_name}:feedback", feedback, methods=["POST"])


STATUS: dict[type[Exception], tuple[int, str]] = {
    InvalidInput: (400, "invalid_input"),
    DataError: (400, "invalid_input"),
    ModelNotFound: (404, "not_found"),
    ModelNotReady: (503, "not_ready"),
    InferenceError: (400, "invalid_input"),
    NotImplementedError: (501, "not_implemented"),
}


def _handler(watch: PredictorWatch) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        refusal = _refusal(error)
        watch.refused(refusal, path=request.url.path)
        return refusal.response()

    return handle


def _refusal(error: Exception) -> Refusal:
    """Return the refusal that the client gets for an error."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException):
        reason = "not_found" if error.status_code == 404 else "invalid_input"
        return Refusal(str(error.detail), status=error.status_code, reason=reason)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return Refusal(f"{place}: {first['msg']}")
    for kind, (status, reason) in STATUS.items():
        if isinstance(error, kind):
            return Refusal(str(error), status=status, reason=reason)
    return internal_error()
