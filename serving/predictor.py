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
from mdlc.serving import payload_log
from mdlc.serving.clock import Clock
from mdlc.serving.loaded import Loaded
from mdlc.serving.logs import log
from mdlc.serving.metrics import Metrics
from mdlc.serving.payload_log import PayloadLog
from mdlc.serving.refusals import Refusal
from mdlc.serving.rows import Rows
from mdlc.serving.sdk import InferOutput, InferRequest, InferResponse, Model

TENSOR = {"number": "FP32", "category": "BYTES", "image": "FP32"}


class Predictor(Model):  # type: ignore[misc]
    """Answers V1 and V2 requests in a thread pool, logs and counts them."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        store: PayloadLog,
        metrics: Metrics,
        clock: Clock,
        pool: Executor,
    ) -> None:
        super().__init__(loaded.pointer.name)
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._pool = pool
        self.swap(loaded)
        self.ready = True

    @property
    def loaded(self) -> Loaded:
        """The version that answers new requests."""
        return self._loaded

    def swap(self, loaded: Loaded) -> None:
        """Answer with `loaded` from the next request on; those in flight end on the old one."""
        self._metrics.serve(loaded)
        self._loaded = loaded

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
        answer = self._v2 if isinstance(payload, InferRequest) else self._v1
        return await loop.run_in_executor(self._pool, answer, payload, headers)

    def _v1(self, payload: object, headers: Mapping[str, str] | None) -> dict[str, Any]:
        loaded = self._loaded
        # kserve decodes "application/json", not "application/json; charset=utf-8" and its like.
        decoded = _decoded(payload) if isinstance(payload, bytes) else payload
        rows = loaded.reader.v1(decoded)
        answers = self._answer(loaded, rows=rows, headers=headers)
        return {
            "predictions": predictions(rows.ids, answers=answers, classes=loaded.scorer.classes),
            "model_version": loaded.version,
        }

    def _v2(self, request: Any, headers: Mapping[str, str] | None) -> Any:
        loaded = self._loaded
        asked = request.request_outputs
        known = [tensor["name"] for tensor in self.get_output_types()]
        for output in asked or []:
            if output.name not in known:
                hint = closest(output.name, known)
                raise Refusal(f"unknown output {output.name[:64]!r}; {hint}")
        rows = loaded.reader.v2(request.inputs)
        answers = self._answer(loaded, rows=rows, headers=headers)
        return InferResponse(
            response_id=request.id or uuid.uuid4().hex,
            model_name=self.name,
            model_version=loaded.version,
            infer_outputs=outputs(rows.ids, answers=answers, classes=loaded.scorer.classes),
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=asked,
        )

    def _answer(self, loaded: Loaded, *, rows: Rows, headers: Mapping[str, str] | None) -> Answers:
        """Score, log, count; in this order, so that a refused id is not counted."""
        at = self._clock.now(headers)
        answers = loaded.scorer.answer(rows.batch)
        self._store.add(
            payload_log.records(
                rows,
                at=at,
                version=loaded.version,
                answers=answers,
                classes=loaded.scorer.classes,
            )
        )
        self._metrics.count(loaded, batch=rows.batch, answers=answers)
        log(
            "predicted",
            level=logging.DEBUG,
            model=self.name,
            version=loaded.version,
            predictions=len(rows.ids),
        )
        return answers

    def get_input_types(self) -> list[dict[str, Any]]:
        """Return the input tensors for V2's metadata."""
        return [
            {"name": f.name, "datatype": TENSOR[f.kind], "shape": [-1, *(f.shape or (1,))]}
            for f in self._loaded.scorer.manifest.features
        ]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Return the output tensors for V2's metadata."""
        classes = len(self._loaded.scorer.classes)
        last = ("action", "BYTES") if classes else ("value", "FP64")
        return [
            {"name": "id", "datatype": "BYTES", "shape": [-1]},
            {"name": "scores", "datatype": "FP64", "shape": [-1, classes or 1]},
            {"name": last[0], "datatype": last[1], "shape": [-1]},
        ]


def _decoded(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"the body is not JSON: {error}") from error


def predictions(ids: list[str], *, answers: Answers, classes: list[str]) -> list[dict[str, Any]]:
    """Lay answers out as V1's predictions."""
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
    """Lay answers out as V2's output tensors."""
    scores = answers.scores.astype(np.float64).reshape(len(ids), -1)
    last = answers.actions if classes else answers.values.astype(np.float64)
    return [
        _tensor("id", np.array(ids, dtype=object), kind="BYTES"),
        _tensor("scores", scores, kind="FP64"),
        _tensor("action" if classes else "value", last, kind="BYTES" if classes else "FP64"),
    ]


def _tensor(name: str, values: npt.NDArray[Any], *, kind: str) -> Any:
    return InferOutput(name, list(values.shape), kind, data=values)
