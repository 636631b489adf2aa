"""The methods about a lifecycle's released model: predict, serve, promote, roll back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdlc.api.lifecycle_documents import LifecycleDocuments
from mdlc.api.located_errors import located, locates_errors
from mdlc.api.run_results import RollbackResult, ServerAddress
from mdlc.api.server_handle import Server
from mdlc.api.work_progress import Shown, shown
from mdlc.life import releases
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from mdlc.life.answer_tables import Answered
    from mdlc.life.predictions import OpenedRows

BY_HAND = "asked for by hand"


class LifecycleServing(LifecycleDocuments):
    """The serving half of a lifecycle; see `Lifecycle`."""

    @locates_errors
    def predict(self, rows: Any) -> pd.DataFrame:
        """Predict the rows of a table with the released model, in this process; nothing is logged.

        Args:
            rows: A DataFrame, an Arrow table, or another table with an Arrow stream, of shape
                (rows, features): exactly the columns of `features`, in any order. NULL, None and
                NaN are missing values; an image is a list of numbers.

        Returns:
            A DataFrame of as many rows with the same index. For classification: `action`, the one
            with the highest expected payoff; `expected`, that payoff in money; and a column
            `score_CLASS` for each class, its probability from 0 to 1. For regression: `value`, in
            the target's unit.

        Raises:
            MdlcError: nothing was released yet.
            DataError: a column is not a feature, a feature has no column, or a value has the wrong
                type.

        Example:
            lifecycle.predict(rows[lifecycle.features])
        """
        from mdlc.api.prediction_frames import answer_table

        return answer_table(self._workspace, rows)

    def predict_file(
        self,
        rows: str | Path,
        *,
        url: str | None = None,
        token_env: str | None = None,
        progress: Shown = None,
    ) -> dict[str, Any]:
        """Predict the rows of a file; the result is an answer of the V1 protocol.

        The file is read as the table's source is: its delimiter, decimal mark, words for missing
        values and `rename`. A column that is no feature is left out, and a feature without a column
        is missing; both are said.

        Args:
            rows: A CSV, TSV, Parquet or JSON file, .jsonl and .gz too; "-" reads JSON from standard
                input.
            url: A server to ask, such as http://localhost:8080; None: the released model, here.
            token_env: Name of the variable that holds the server's bearer token.
            progress: Where it is said what of the file is left out, and what is missing.

        Returns:
            `predictions`, a mapping for each row, and `model_version`.

        Raises:
            DataError: the file cannot be read, has no feature, or a value has a wrong type.
            ServiceError: the server does not answer, or refuses.

        Example:
            lifecycle.predict_file("rows.csv")["predictions"][0]
            # {'scores': {'late': 0.31, 'on_time': 0.69}, 'action': 'nothing', 'expected': 0.0}
        """
        whole: dict[str, Any] = {}
        answers: list[dict[str, Any]] = []
        for part in self.predict_parts(rows, url=url, token_env=token_env, progress=progress):
            answers += part["predictions"]
            whole = part
        return {**whole, "predictions": answers}

    def predict_parts(
        self,
        rows: str | Path,
        *,
        url: str | None = None,
        token_env: str | None = None,
        progress: Shown = None,
    ) -> Iterator[dict[str, Any]]:
        """Answer the rows of a file a part at a time, so that its size does not matter.

        Arguments and errors are those of `predict_file`.

        Yields:
            `predictions` of the next rows, in the file's order, and `model_version`.

        Example:
            for part in lifecycle.predict_parts("rows.parquet"):
                print(len(part["predictions"]))
        """
        from mdlc.life import predictions

        server = predictions.PredictionServer(self.name, url, token_env) if url else None
        with located(self.file), shown(progress) as told:
            whole = predictions.read_instances(Path(rows)) if server else None
            if server and whole is not None:
                yield from server.ask_all(whole)
                return
            with self._opened(rows) as asked:
                if server:
                    life = self._definition, self._workspace
                    features = predictions.features_of_rows(*life, asked, say=told.say)
                    yield from server.ask_all(features)
                    return
                for part in self._answered(asked, say=told.say):
                    yield {"predictions": part.predictions(), "model_version": part.version}

    def write_predictions(
        self,
        rows: str | Path,
        out: str | Path,
        *,
        progress: Shown = None,
    ) -> int:
        """Answer the rows of a file with the released model, into a file.

        Args:
            rows: As for `predict_file`.
            out: A .csv or .parquet file; it is whole or absent. It has `id` (the table's key, else
                the column `id`, else the row's number from 0), then `score_CLASS` for each class,
                `action` and `expected`; for regression `value`.
            progress: Where it is said what of the file is left out, and what is missing.

        Returns:
            The number of rows.

        Raises:
            DataError: as `predict_file`.
            UsageError: the name of `out` says no format.
            StorageError: the disk refuses.

        Example:
            lifecycle.write_predictions("rows.parquet", "answers.parquet")
            # 10000000
        """
        from mdlc.life import answer_tables

        target = Path(out)
        answer_tables.check_name(target)
        with located(self.file), shown(progress) as told, self._opened(rows) as asked:
            return answer_tables.write(self._answered(asked, say=told.say), out=target)

    def _opened(self, rows: str | Path) -> AbstractContextManager[OpenedRows]:
        from mdlc.life.predictions import opened_rows

        return opened_rows(Path(rows), data=self.spec.data)

    def _answered(self, asked: OpenedRows, *, say: Callable[[str], None]) -> Iterator[Answered]:
        from mdlc.life.predictions import answer_here

        return answer_here(self._definition, self._workspace, asked, say=say)

    @locates_errors
    def example(self) -> dict[str, Any]:
        """Return an example request of the V1 protocol with one row of the test set.

        Values of sensitive columns are left empty.

        Raises:
            DataError: nothing was trained yet.

        Example:
            lifecycle.example()["instances"][0]
        """
        from mdlc.life import predictions

        return predictions.example(self._definition, workspace=self._workspace)

    def serve(self, *, port: int | None = None) -> Server:
        """Serve the released model over HTTP while a `with` block runs, on this machine only.

        Args:
            port: The loopback port; None: a free one.

        Returns:
            A server, which starts and answers when its `with` block begins.

        Raises:
            MdlcError: nothing was released yet (raised when the block begins).
            ServiceError: the server does not start; the message names its log.

        Example:
            with lifecycle.serve() as server:
                server.predict(rows)
        """
        return Server(self._definition, workspace=self._workspace, port=port)

    @locates_errors
    def serve_forever(
        self,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        token_env: str | None = None,
        starting: Callable[[ServerAddress], None] | None = None,
    ) -> None:
        """Serve the released model in this process until SIGTERM or SIGINT, as `mdlc serve` does.

        Args:
            host: Address to listen on.
            port: Port to listen on; None: `deploy.serving.port` of the file.
            token_env: Name of the environment variable with the bearer token that clients must
                send; None: no token.
            starting: Called with the address before the server starts.

        Raises:
            MdlcError: nothing was released yet, or the variable is not set.
            ServiceError: the port is taken.

        Example:
            lifecycle.serve_forever(port=8080)
        """
        from mdlc.life.serve_here import serve_here

        pointer = releases.require(self._workspace)
        at = port or self.spec.deploy.serving.port
        if starting:
            url = f"http://{host}:{at}/v1/models/{self.name}"
            starting(ServerAddress(name=self.name, version=pointer.version, url=url))
        serve_here(
            self._definition, workspace=self._workspace, host=host, port=at, token_env=token_env
        )

    @locates_errors
    def promote(self, why: str = BY_HAND) -> Pointer:
        """Make the canary the champion before its trial ends.

        Args:
            why: The reason, recorded in the history.

        Returns:
            The pointer, which names the version that serves now.

        Raises:
            BusyError: another process works on the lifecycle.
            MdlcError: there is no canary.

        Example:
            lifecycle.promote("two days without a complaint").version
        """
        with self._workspace.lock():
            return releases.promote(self._workspace, time=datetime.now(UTC), why=why)

    @locates_errors
    def rollback(self, why: str = BY_HAND) -> RollbackResult:
        """Drop the canary; without a canary, serve the previous version.

        Args:
            why: The reason, recorded in the history.

        Returns:
            The version that serves now, and the version that was dropped.

        Raises:
            BusyError: another process works on the lifecycle.
            MdlcError: there is no previous version.
            ArtifactError: the previous version's bundle is missing or altered.

        Example:
            lifecycle.rollback("complaints").pointer.version
        """
        with self._workspace.lock():
            return rolled_back(self._workspace, why=why)


def rolled_back(workspace: Workspace, *, why: str) -> RollbackResult:
    """Roll back in a workspace whose lock the caller holds; return what was dropped."""
    before = releases.require(workspace)
    pointer = releases.rollback(workspace, time=datetime.now(UTC), why=why)
    canary = before.canary
    dropped = canary.version if canary and not pointer.canary else before.version
    # If both are equal, an earlier call moved the pointer and was killed.
    return RollbackResult(pointer=pointer, dropped="" if dropped == pointer.version else dropped)
