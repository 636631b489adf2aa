"""What a lifecycle says of itself: the file, what serves, and the documents that stages wrote."""

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
        """The file that it was loaded from; None: a dict."""
        return self._file

    @property
    def definition(self) -> LifecycleFile:
        """The file as a whole, typed: apiVersion, kind, metadata and spec."""
        return self._definition

    @property
    def spec(self) -> Spec:
        """What the file says, typed and with every default: `lifecycle.spec.data.target`."""
        return self._definition.spec

    @property
    def workspace(self) -> Workspace:
        """Where the state lies: `lifecycle.workspace.folder`."""
        return self._workspace

    def to_yaml(self) -> str:
        """Return the lifecycle as the text of a file: what was given, without defaults or comments.

        Returns:
            YAML that `mdlc.load` reads as the same lifecycle, if it lies in the same folder.

        Example:
            lifecycle.to_yaml().splitlines()[0]
            # 'apiVersion: mdlc.dev/v1alpha1'
        """
        return to_yaml(self._definition)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the lifecycle as a file, for the command line, a cluster or a colleague.

        Relative locations of sources are written anew, so that they lead to the same files from the
        new folder. The state stays where it is: without `home`, another folder has another state.

        Args:
            path: The file to write, such as lifecycle.yaml.
            overwrite: Whether a file that is there may be replaced.

        Returns:
            The file's path.

        Raises:
            MdlcError: the file exists.
            StorageError: the disk refuses.

        Example:
            lifecycle.save("lifecycle.yaml")
            # PosixPath('lifecycle.yaml')
        """
        return written_yaml(
            self._definition, path=Path(path), root=self._workspace.root, overwrite=overwrite
        )

    @property
    def serving(self) -> Pointer | None:
        """The version that serves, since when, and its canary; None: nothing was released yet."""
        return current(self._workspace)

    @property
    def features(self) -> list[str]:
        """The columns that the released model reads, in its order.

        Raises:
            MdlcError: nothing was released yet.
        """
        bundle = bundle_of(self._workspace, require(self._workspace))
        return [feature.name for feature in read_document(bundle / MANIFEST, Manifest).features]

    @property
    def business_case(self) -> BusinessCaseResult:
        """What the model is worth beside its alternatives, of the newest run."""
        return self._made("business", BusinessCaseResult)

    @property
    def snapshot(self) -> DataSnapshot:
        """What the sources gave, of the newest run."""
        return self._made("collection", DataSnapshot)

    @property
    def prepared(self) -> PreparedData:
        """The table that training used, and its tests, of the newest run."""
        return self._made("preparation", PreparedData)

    @property
    def exploration(self) -> ExplorationResult:
        """What the training rows look like, of the newest run."""
        return self._made("exploration", ExplorationResult)

    @property
    def selection(self) -> SelectionResult:
        """Which kinds of model took part, of the newest run."""
        return self._made("selection", SelectionResult)

    @property
    def training(self) -> TrainingResult:
        """The candidates after tuning, of the newest run."""
        return self._made("training", TrainingResult)

    @property
    def evaluation(self) -> EvaluationResult:
        """Who decides best, in money, of the newest run."""
        return self._made("evaluation", EvaluationResult)

    @property
    def deployment(self) -> DeploymentResult:
        """What became of the winner, of the newest run."""
        return self._made("deployment", DeploymentResult)

    @property
    def last_replay(self) -> ReplayResult:
        """What the newest replay lived through.

        Raises:
            MdlcError: nothing was replayed yet.
        """
        if not self._workspace.life.exists():
            raise MdlcError(f"{self.name} was not replayed yet", hint="mdlc replay does it")
        return read_document(self._workspace.life, ReplayResult)

    def history(self, *, replay: bool = False) -> DocumentList[HistoryEntry]:
        """Return which version served when, and why, oldest first.

        Args:
            replay: Of the last replay instead of real serving.

        Returns:
            Entries with time (UTC), version, kind, reason and promised money a decision; a table by
            `to_frame()`.

        Raises:
            ArtifactError: the record was altered.

        Example:
            lifecycle.history()[-1].version
            # '1'
        """
        return DocumentList(History(self._of(replay=replay).history).entries())

    @locates_errors
    def status(self) -> StatusResult:
        """Return what serves, the newest runs, and what was decided about retrainings.

        Raises:
            ArtifactError: a stored document is not whole.

        Example:
            lifecycle.status().to_frame()
        """
        from mdlc.api.status_result import StatusResult
        from mdlc.life.local_status import status_of

        return StatusResult.of(status_of(self._definition, workspace=self._workspace))

    @locates_errors
    def trace(self, id: str, *, replay: bool = False) -> PredictionTrace:
        """Return all that is known about one prediction, from the question to its consequences.

        Args:
            id: The prediction's id.
            replay: Of the last replay instead of real serving.

        Returns:
            The answer, the label with the money earned, where the model comes from, and the
            retrainings that learnt from the row. Values of sensitive columns are left out.

        Raises:
            DataError: no prediction has the id; names the nearest.
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
            MdlcError: it has not run yet.
        """
        path = artifacts_path(self._workspace)
        made = read_document(path, TrainingArtifacts) if path.exists() else None
        if made is None or stage not in made.stages:
            raise MdlcError(f"{self.name} has no {stage} yet", hint="make one with mdlc run")
        return made.document(stage, kind)
