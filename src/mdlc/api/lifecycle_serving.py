"""The methods about a lifecycle's released model: predict, serve, promote, roll back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdlc.api.lifecycle_documents import LifecycleDocuments
from mdlc.api.located_errors import locates_errors
from mdlc.api.run_results import RollbackResult, ServerAddress
from mdlc.api.server_handle import Server
from mdlc.life import releases
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

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

    @locates_errors
    def predict_file(
        self, rows: str | Path, *, url: str | None = None, token_env: str | None = None
    ) -> dict[str, Any]:
        """Predict the rows of a file; the result is an answer of the V1 protocol.

        Args:
            rows: A CSV, TSV, Parquet or JSON file; "-" reads JSON from standard input.
            url: A server to ask, such as http://localhost:8080; None: predict in this process with
                the released model.
            token_env: Name of the environment variable with the server's bearer token.

        Returns:
            `predictions`, a mapping for each row, and `model_version`.

        Raises:
            DataError: the file cannot be read, or has columns that are not features.
            ServiceError: the server does not answer, or refuses the request.

        Example:
            lifecycle.predict_file("rows.csv")["predictions"][0]
            # {'scores': {'late': 0.31, 'on_time': 0.69}, 'action': 'nothing', 'expected': 0.0}
        """
        from mdlc.life import predictions

        instances = predictions.read_rows(Path(rows))
        if url:
            return predictions.ask(self.name, instances, url=url, token_env=token_env)
        return predictions.answer_here(self._workspace, instances)

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
