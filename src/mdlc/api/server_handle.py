"""A model server that runs during a `with` block, and its client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mdlc.api.prediction_frames import answers_to_frame, feature_values
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.errors import MdlcError, ServiceError
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle
from mdlc.life.releases import bundle_of, require
from mdlc.state.workspace import Workspace

if TYPE_CHECKING:
    import httpx
    import pandas as pd

OK = 200


class Server:
    """A model server on this machine, in a process of its own; returned by `Lifecycle.serve`.

    It answers KServe's V1 and V2 protocols, stores each prediction and its label in the payload
    log, and loads a new release within seconds. It runs during its `with` block.

    Example:
        with lifecycle.serve() as server:
            answers = server.predict(rows)
            server.label({answers["id"][0]: "late"})
        # {'accepted': 1, 'corrected': 0, 'duplicate': 0, 'contradictory': 0, ...}
    """

    def __init__(
        self, lifecycle: Lifecycle, *, workspace: Workspace, port: int | None = None
    ) -> None:
        self._lifecycle = lifecycle
        self._workspace = workspace
        self._port = port
        self._running = ExitStack()
        self._client: httpx.Client | None = None

    def __enter__(self) -> Server:
        from mdlc.life.server_process import serving

        require(self._workspace)
        log = self.log
        self._client = self._running.enter_context(
            serving(self._lifecycle, workspace=self._workspace, log=log, port=self._port)
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._client = None
        self._running.close()

    @property
    def url(self) -> str:
        """The server's address, such as http://127.0.0.1:43211.

        Raises:
            MdlcError: the server does not run.
        """
        return str(self._running_client().base_url).rstrip("/")

    @property
    def log(self) -> Path:
        """The file with the server's log, in JSON lines."""
        return self._workspace.folder / "serve.log"

    def predict(self, rows: Any, *, ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Have the server predict the rows of a table; it stores each prediction by its id.

        Args:
            rows: A DataFrame or Arrow table with a column for each feature, at most
                `deploy.serving.max_rows` rows.
            ids: An id for each row, by which `label` refers to it later; None: random ids.

        Returns:
            A DataFrame with the rows' index: `id`; `action`, `expected` (money) and a column
            `score_CLASS` (probability, 0 to 1) for each class; for regression `value`.

        Raises:
            DataError: a column is not a feature, or a feature has no column.
            ServiceError: the server refuses the request; the message says why.

        Example:
            server.predict(rows, ids=["form-1"])
        """
        pointer = require(self._workspace)
        manifest = read_document(bundle_of(self._workspace, pointer) / MANIFEST, Manifest)
        columns = feature_values(rows, manifest=manifest)
        by_row = zip(*columns.values(), strict=True)
        instances = [dict(zip(columns, row, strict=True)) for row in by_row]
        named = {} if ids is None else {"ids": list(ids)}
        answers = self._post(":predict", {"instances": instances, **named})
        return answers_to_frame(answers, rows=rows)

    def label(
        self, labels: Mapping[str, Any], *, time: datetime | None = None, reason: str = ""
    ) -> dict[str, Any]:
        """Send what turned out: accuracy and money are counted, and a retraining learns from it.

        Args:
            labels: The id of a prediction -> its class as text, or its number.
            time: When it was known (UTC); None: now.
            reason: Why it is another one than was sent before. With spec.deploy.serving.corrections
                it takes that one's place.

        Returns:
            How many were `accepted`, `corrected`, `duplicate`, `contradictory` (another one than
            was sent before), `unknown` and `invalid`, and up to 20 `problems` in words.

        Raises:
            ServiceError: the server refuses the request as a whole.

        Example:
            server.label({"form-1": "late"})["accepted"]
            # 1
        """
        when = {"time": time.isoformat()} if time else {}
        more = {**when, **({"reason": reason} if reason else {})}
        body = {"labels": [{"id": id, "label": label, **more} for id, label in labels.items()]}
        return self._post(":feedback", body)

    def metrics(self) -> str:
        """Return the server's metrics in Prometheus' text format; docs/metrics.md explains each.

        Example:
            "mdlc_predictions_total" in server.metrics()
            # True
        """
        return self._running_client().get("/metrics").text

    def _running_client(self) -> httpx.Client:
        if self._client is None:
            raise MdlcError("the server does not run", hint="use it in its with block")
        return self._client

    def _post(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        import httpx

        path = f"/v1/models/{self._lifecycle.name}{verb}"
        try:
            response = self._running_client().post(path, json=body)
        except httpx.HTTPError as error:
            message = f"the server does not answer: {type(error).__name__}"
            raise ServiceError(message, hint=f"see {self.log}") from error
        if response.status_code != OK:
            raise ServiceError(f"{path}: {response.status_code}: {response.text[:300]}")
        parsed: dict[str, Any] = response.json()
        return parsed
