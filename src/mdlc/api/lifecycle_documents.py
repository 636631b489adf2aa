"""The properties of a lifecycle: the file, what serves, and the documents that stages wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from mdlc.api.located_errors import locates_errors
from mdlc.api.typed_documents import (
    BusinessCaseResult,
    DataSnapshot,
    DeploymentResult,
    DocumentList,
    EvaluationResult,
    ExplorationResult,
    PreparedData,
    ReplayResult,
    SelectionResult,
    TrainingResult,
)
from mdlc.api.yaml_file import to_yaml, written_yaml
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.errors import MdlcError
from mdlc.core.files import read_document
from mdlc.core.spec import Lifecycle as LifecycleFile
from mdlc.core.spec import Spec
from mdlc.life.releases import bundle_of, current, require
from mdlc.life.train import TrainingArtifacts, artifacts_path
from mdlc.monitoring.version_history import History
from mdlc.state.release_documents import HistoryEntry, Pointer
from mdlc.state.workspace import Workspace, replay_workspace, workspace_of

if TYPE_CHECKING:
    from mdlc.api.status_result import StatusResult
    from mdlc.life.prediction_trace import PredictionTrace

D = TypeVar("D", bound=BaseModel)


class LifecycleDocuments:
    """The readable half of a lifecycle; see `Lifecycle`."""

    def __init__(
        self,
        definition: LifecycleFile,
        *,
        root: Path,
        file: Path | None = None,
        home: Path | None = None,
    ) -> None:
        self._definition = definition
        self._file = file
        self._workspace = workspace_of(definition, file=file or root / "lifecycle.yaml", home=home)

    def __repr__(self) -> str:
        where = self._file or self._workspace.root
        return f"<Lifecycle {self.name} of {where}>"

    @property
    def name(self) -> str:
        """The lifecycle's name: `metadata.name` of the file."""
        return self._definition.name

    @property
    def file(self) -> Path | None:
        """The file that it was loaded from; None if it was loaded from a dict."""
        return self._file

    @property
    def definition(self) -> LifecycleFile:
        """The whole file as a typed object: apiVersion, kind, metadata and spec."""
        return self._definition

    @property
    def spec(self) -> Spec:
        """The file's spec as a typed object, defaults included: `lifecycle.spec.data.target`."""
        return self._definition.spec

    @property
    def workspace(self) -> Workspace:
        """The workspace with the state: `lifecycle.workspace.folder`."""
        return self._workspace

    def to_yaml(self) -> str:
        """Return the lifecycle as the text of a file, without defaults and comments.

        Returns:
            YAML that `mdlc.load` reads as the same lifecycle, if it is in the same folder.

        Example:
            lifecycle.to_yaml().splitlines()[0]
            # 'apiVersion: mdlc.dev/v1alpha1'
        """
        return to_yaml(self._definition)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the lifecycle as a file, for the command line or a cluster.

        Relative locations of sources are rewritten so that they name the same files from the new
        folder. The state is not moved: unless `home` is given, a file in another folder has other
        state.

        Args:
            path: The file to write, such as lifecycle.yaml.
            overwrite: Whether an existing file may be replaced.

        Returns:
            The file's path.

        Raises:
            MdlcError: the file exists.
            StorageError: the file cannot be written.

        Example:
            lifecycle.save("lifecycle.yaml")
            # PosixPath('lifecycle.yaml')
        """
        return written_yaml(
            self._definition, path=Path(path), root=self._workspace.root, overwrite=overwrite
        )

    @property
    def serving(self) -> Pointer | None:
        """The version that serves, since when, and its canary; None before the first release."""
        return current(self._workspace)

    @property
    def features(self) -> list[str]:
        """The columns that the released model reads, in the model's order.

        Raises:
            MdlcError: nothing was released yet.
        """
        bundle = bundle_of(self._workspace, require(self._workspace))
        return [feature.name for feature in read_document(bundle / MANIFEST, Manifest).features]

    @property
    def business_case(self) -> BusinessCaseResult:
        """The newest run's business case: what the model and its alternatives are worth."""
        return self._made("business", BusinessCaseResult)

    @property
    def snapshot(self) -> DataSnapshot:
        """The newest run's snapshot of the sources."""
        return self._made("collection", DataSnapshot)

    @property
    def prepared(self) -> PreparedData:
        """The newest run's prepared table, and the tests of its data."""
        return self._made("preparation", PreparedData)

    @property
    def exploration(self) -> ExplorationResult:
        """The newest run's statistics of the training rows."""
        return self._made("exploration", ExplorationResult)

    @property
    def selection(self) -> SelectionResult:
        """The newest run's selection: which kinds of model took part."""
        return self._made("selection", SelectionResult)

    @property
    def training(self) -> TrainingResult:
        """The newest run's candidates after tuning."""
        return self._made("training", TrainingResult)

    @property
    def evaluation(self) -> EvaluationResult:
        """The newest run's evaluation: the money and metrics of each contender."""
        return self._made("evaluation", EvaluationResult)

    @property
    def deployment(self) -> DeploymentResult:
        """The newest run's deployment: the version that the winner was registered as."""
        return self._made("deployment", DeploymentResult)

    @property
    def last_replay(self) -> ReplayResult:
        """The record of the newest replay.

        Raises:
            MdlcError: nothing was replayed yet.
        """
        if not self._workspace.life.exists():
            raise MdlcError(f"{self.name} was not replayed yet", hint="mdlc replay does it")
        return read_document(self._workspace.life, ReplayResult)

    def history(self, *, replay: bool = False) -> DocumentList[HistoryEntry]:
        """Return which version served when, and why, oldest first.

        Args:
            replay: Whether to return the last replay's history instead of that of real serving.

        Returns:
            Entries with time (UTC), version, kind, reason and promised money per decision;
            `to_frame()` makes a table of them.

        Raises:
            ArtifactError: the history was altered.

        Example:
            lifecycle.history()[-1].version
            # '1'
        """
        return DocumentList(History(self._of(replay=replay).history).entries())

    @locates_errors
    def status(self) -> StatusResult:
        """Return the serving version, the newest runs, and the decisions about retrainings.

        Raises:
            ArtifactError: a stored document is damaged.

        Example:
            lifecycle.status().to_frame()
        """
        from mdlc.api.status_result import StatusResult
        from mdlc.life.local_status import status_of

        return StatusResult.of(status_of(self._definition, workspace=self._workspace))

    @locates_errors
    def trace(self, id: str, *, replay: bool = False) -> PredictionTrace:
        """Return everything that is known about one prediction.

        Args:
            id: The prediction's id.
            replay: Whether it is a prediction of the last replay instead of real serving.

        Returns:
            The answer, the label with the money earned, the run and data of the model, and the
            retrainings that learned from the row. Values of sensitive columns are left out.

        Raises:
            DataError: no prediction has the id; the message names the most similar id.
            ServiceError: the payload log does not answer.

        Example:
            lifecycle.trace("form-1").answer.action
            # 'warn'
        """
        from mdlc.life.prediction_trace import trace_of

        return trace_of(self._definition, workspace=self._of(replay=replay), id=id)

    def _of(self, *, replay: bool) -> Workspace:
        return replay_workspace(self._workspace) if replay else self._workspace

    def _made(self, stage: str, kind: type[D]) -> D:
        """Return the document that a stage wrote in the newest run.

        Raises:
            MdlcError: the stage has not run yet.
        """
        path = artifacts_path(self._workspace)
        made = read_document(path, TrainingArtifacts) if path.exists() else None
        if made is None or stage not in made.stages:
            raise MdlcError(f"{self.name} has no {stage} yet", hint="make one with mdlc run")
        return made.document(stage, kind)
