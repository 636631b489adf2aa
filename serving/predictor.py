"""The predictor: a kserve.Model whose version can be replaced while it answers."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from mdlc.core.errors import closest
from mdlc.core.scorer import Answers
from mdlc.services.json_logs import log, logs_debug
from mdlc.services.refusals import Refusal
from mdlc.serving import canary_routing, payload_log
from mdlc.serving.active_models import ActiveModels, LoadedModel
from mdlc.serving.canary_routing import RoutedRows
from mdlc.serving.kserve_sdk import InferOutput, InferResponse, Model, RequestedOutput
from mdlc.serving.payload_log import PayloadLog
from mdlc.serving.predictor_metrics import Metrics
from mdlc.serving.request_clock import Clock
from mdlc.serving.request_rows import RequestRows
from mdlc.serving.v2_request import V2Request

VERSION = "version"
"""V2: the output tensor with the version that answered each row, while a canary is on trial."""
TENSOR = {"number": "FP32", "category": "BYTES", "image": "FP32"}


class Predictor(Model):  # type: ignore[misc]
    """Answers V1 and V2 requests in a thread pool, logs and counts them."""

    def __init__(
        self,
        lineup: ActiveModels,
        *,
        store: PayloadLog,
        metrics: Metrics,
        clock: Clock,
        pool: Executor,
    ) -> None:
        super().__init__(lineup.name)
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._pool = pool
        self.swap(lineup)
        self.ready = True

    @property
    def lineup(self) -> ActiveModels:
        """The models that answer new requests."""
        return self._lineup

    @property
    def loaded(self) -> LoadedModel:
        """The champion, by whose features and limits requests are checked."""
        return self._lineup.champion

    def swap(self, lineup: ActiveModels) -> None:
        """Answer with `lineup` from the next request on; running ones end with the old models."""
        self._metrics.serve(lineup)
        self._lineup = lineup

    async def predict(
        self,
        payload: Any,
        headers: Mapping[str, str] | None = None,
        response_headers: dict[str, str] | None = None,  # noqa: ARG002 - kserve's signature
    ) -> Any:
        """Answer a decoded V1 body or a V2 request.

        Raises:
            Refusal: the request is wrong, too large, or has an id that was answered before.
        """
        loop = asyncio.get_running_loop()
        answer = self._v2 if isinstance(payload, V2Request) else self._v1
        return await loop.run_in_executor(self._pool, answer, payload, headers)

    def _v1(self, payload: object, headers: Mapping[str, str] | None) -> dict[str, Any]:
        lineup = self._lineup
        # kserve decodes "application/json", not "application/json; charset=utf-8" and its like.
        decoded = _decoded(payload) if isinstance(payload, bytes) else payload
        rows = lineup.champion.reader.v1(decoded)
        answers, versions = self._answer(lineup, rows=rows, headers=headers)
        laid = predictions(rows.ids, answers=answers, classes=lineup.champion.scorer.classes)
        if lineup.trial:
            for prediction, version in zip(laid, versions, strict=True):
                prediction["version"] = version
        return {"predictions": laid, "model_version": lineup.champion.version}

    def _v2(self, request: V2Request, headers: Mapping[str, str] | None) -> Any:
        lineup, asked = self._lineup, request.outputs
        known = [tensor["name"] for tensor in self.get_output_types()]
        for output in asked or []:
            # Clients may always ask for it; they need not know whether a canary is on trial.
            if output.name not in {*known, VERSION}:
                hint = closest(output.name, known)
                raise Refusal(f"unknown output {output.name[:64]!r}; {hint}")
        rows = lineup.champion.reader.v2(request.inputs)
        answers, versions = self._answer(lineup, rows=rows, headers=headers)
        laid = outputs(rows.ids, answers=answers, classes=lineup.champion.scorer.classes)
        if lineup.trial or VERSION in {output.name for output in asked or []}:
            laid.append(_tensor(VERSION, np.array(versions, dtype=object), kind="BYTES"))
        return InferResponse(
            response_id=request.id or uuid.uuid4().hex,
            model_name=self.name,
            model_version=lineup.champion.version,
            infer_outputs=laid,
            use_binary_outputs=request.binary,
            requested_outputs=asked
            and [RequestedOutput(one.name, {"binary_data": one.binary}) for one in asked],
        )

    def _answer(
        self, lineup: ActiveModels, *, rows: RequestRows, headers: Mapping[str, str] | None
    ) -> tuple[Answers, list[str]]:
        """Score, log and count, in this order, so that a refused id is not counted."""
        at = self._clock.now(headers)
        parts = canary_routing.answer(lineup, rows=rows, metrics=self._metrics)
        self._store.add(
            [
                record
                for part in parts
                for record in payload_log.records(
                    part.rows,
                    at=at,
                    version=part.loaded.version,
                    answers=part.answers,
                    classes=part.loaded.scorer.classes,
                )
            ]
        )
        for part in parts:
            self._metrics.count(part.loaded, batch=part.rows.batch, answers=part.answers)
            if logs_debug():
                self._tell(part)
        return canary_routing.merge(parts)

    def _tell(self, part: RoutedRows) -> None:
        """Log a line for each prediction, with its decision but without feature values."""
        for identifier, action in zip(part.rows.ids, part.answers.actions.tolist(), strict=True):
            fields = {"model": self.name, "version": part.loaded.version, "id": identifier}
            log(
                "predicted", level=logging.DEBUG, **fields, **({"action": action} if action else {})
            )

    def get_input_types(self) -> list[dict[str, Any]]:
        """Return the input tensors for V2's metadata."""
        return [
            {"name": f.name, "datatype": TENSOR[f.kind], "shape": [-1, *(f.shape or (1,))]}
            for f in self._lineup.champion.scorer.manifest.features
        ]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Return the output tensors for V2's metadata."""
        classes = len(self._lineup.champion.scorer.classes)
        last = ("action", "BYTES") if classes else ("value", "FP64")
        version = {"name": VERSION, "datatype": "BYTES", "shape": [-1]}
        return [
            {"name": "id", "datatype": "BYTES", "shape": [-1]},
            {"name": "scores", "datatype": "FP64", "shape": [-1, classes or 1]},
            {"name": last[0], "datatype": last[1], "shape": [-1]},
            *([version] if self._lineup.trial else []),
        ]


def _decoded(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"the body is not JSON: {error}") from error


def predictions(ids: list[str], *, answers: Answers, classes: list[str]) -> list[dict[str, Any]]:
    """Return answers as V1's predictions."""
    if not classes:
        pairs = zip(ids, answers.values.tolist(), strict=True)
        return [{"id": identifier, "value": value} for identifier, value in pairs]
    columns = zip(
        ids,
        answers.scores.tolist(),
        answers.actions.tolist(),
        answers.expected.tolist(),
        strict=True,
    )
    return [
        {
            "id": identifier,
            "scores": dict(zip(classes, scores, strict=True)),
            "action": action,
            "expected": expected,
        }
        for identifier, scores, action, expected in columns
    ]


def outputs(ids: list[str], *, answers: Answers, classes: list[str]) -> list[Any]:
    """Return answers as V2's output tensors."""
    scores = answers.scores.astype(np.float64).reshape(len(ids), -1)
    last = answers.actions if classes else answers.values.astype(np.float64)
    return [
        _tensor("id", np.array(ids, dtype=object), kind="BYTES"),
        _tensor("scores", scores, kind="FP64"),
        _tensor("action" if classes else "value", last, kind="BYTES" if classes else "FP64"),
    ]


def _tensor(name: str, values: npt.NDArray[Any], *, kind: str) -> Any:
    return InferOutput(name, list(values.shape), kind, data=values)
