"""The documents of a lifecycle as typed objects that can be turned into tables.

Each class is a document of the layers below with `to_frame()`; a notebook displays it as a table. A
document has one or more lists; `part` chooses the one for the table, and each class has a default:

    evaluation = lifecycle.evaluation
    evaluation.winner                      # a typed field
    evaluation.to_frame()                  # a row for each contender
    evaluation.to_frame("comparisons")     # a row for each comparison
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import BaseModel

from mdlc.core.documents.business_case import BusinessCase
from mdlc.core.documents.evaluation_result import Deployment, Evaluation
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.documents.training_result import Selection, Training
from mdlc.core.errors import UsageError, closest
from mdlc.life.data_remarks import DataRemarks
from mdlc.pipelines.cache.run_plan import RunPlan
from mdlc.state.replay_documents import ReplayRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

D = TypeVar("D", bound=BaseModel)


class TabularDocument(BaseModel):
    """A document that can be turned into a table; a notebook displays that table."""

    default_part: ClassVar[str] = ""

    def to_frame(self, part: str | None = None) -> pd.DataFrame:
        """Return one of the document's lists as a table, a row for each item.

        Nested values become columns with dots: `money_per_decision.low`. Lists stay in cells.

        Args:
            part: The list to return; None: the class's default.

        Returns:
            A DataFrame with the items in the document's order and an index from 0.

        Raises:
            UsageError: the document has no such list; the message names the most similar one.

        Example:
            >>> plan = PlanResult(stages=[])
            >>> plan.to_frame("stages").shape
            (0, 0)
        """
        chosen = part or self.default_part
        parts = self.parts()
        if chosen not in parts:
            message = f"{type(self).__name__} has no list {chosen}"
            raise UsageError(message, where="part", hint=closest(chosen, parts))
        return frame_of(parts[chosen])

    def parts(self) -> dict[str, list[Any]]:
        """Return the document's lists of objects by name; items of a mapping get a field `name`.

        Example:
            >>> sorted(PlanResult(stages=[]).parts())
            ['stages']
        """
        found: dict[str, list[Any]] = {}
        for name, field in type(self).model_fields.items():
            value, item = getattr(self, name), (get_args(field.annotation) or (None,))[-1]
            if not (isinstance(item, type) and issubclass(item, BaseModel)):
                continue
            if isinstance(value, list):
                found[name] = [one.model_dump() for one in value]
            elif isinstance(value, dict):
                found[name] = [{"name": key, **one.model_dump()} for key, one in value.items()]
        return found

    def _repr_html_(self) -> str:
        return html_of(self.to_frame())

    @classmethod
    def of(cls, document: BaseModel) -> Self:
        """Return a document of the layers below as this class; nothing is copied or checked."""
        made: Self = cls.model_construct(**dict(document))  # type: ignore[assignment]
        return made


def frame_of(items: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return nested records as a table whose columns have dots."""
    import pandas as pd

    return pd.json_normalize(list(items), sep=".")


def html_of(frame: pd.DataFrame) -> str:
    """Return a table as HTML, without the columns whose cells are lists."""
    plain = [
        name
        for name in frame.columns
        if not frame[name].map(lambda cell: isinstance(cell, list | tuple)).any()
    ]
    return str(frame[plain].to_html(max_rows=60, border=0, na_rep="", index=False))


class BusinessCaseResult(TabularDocument, BusinessCase):
    """What the model, a rule, buying and doing nothing are worth; a row for each alternative."""

    default_part: ClassVar[str] = "alternatives"


class DataSnapshot(TabularDocument, Snapshot):
    """The snapshot of the sources, with digests; a row for each source."""

    default_part: ClassVar[str] = "sources"


class DataReading(TabularDocument, DataRemarks):
    """What is said about the data; a row for each remark on how values were read."""

    default_part: ClassVar[str] = "remarks"


class PreparedData(TabularDocument, Prepared):
    """The prepared table and the tests of its data; a row for each feature."""

    default_part: ClassVar[str] = "features"


class ExplorationResult(TabularDocument, Exploration):
    """Statistics of the training rows; a row for each numeric feature."""

    default_part: ClassVar[str] = "numbers"


class SelectionResult(TabularDocument, Selection):
    """Which kinds of model take part, and why; a row for each kind."""

    default_part: ClassVar[str] = "contestants"


class TrainingResult(TabularDocument, Training):
    """The candidates after tuning; a row for each."""

    default_part: ClassVar[str] = "candidates"


class EvaluationResult(TabularDocument, Evaluation):
    """Money and metrics on the newest labelled rows; a row for each contender."""

    default_part: ClassVar[str] = "contenders"


class DeploymentResult(TabularDocument, Deployment):
    """The version that the winner was registered as; one row."""

    default_part: ClassVar[str] = "deployment"

    def parts(self) -> dict[str, list[Any]]:
        """Return a list with the document itself."""
        return {"deployment": [self.model_dump()]}


class PlanResult(TabularDocument, RunPlan):
    """What a run would do; a row for each stage."""

    default_part: ClassVar[str] = "stages"


class ReplayResult(TabularDocument, ReplayRecord):
    """The record of a replay; a row for each policy, with the money it earned."""

    default_part: ClassVar[str] = "policies"


class DocumentList(Generic[D]):
    """A sequence of documents that can be turned into a table."""

    def __init__(self, documents: Sequence[D]) -> None:
        self._documents = list(documents)

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[D]:
        return iter(self._documents)

    def __getitem__(self, number: int) -> D:
        return self._documents[number]

    def __repr__(self) -> str:
        return repr(self._documents)

    def to_frame(self) -> pd.DataFrame:
        """Return the documents as a table, a row for each, in their order.

        Example:
            >>> DocumentList([]).to_frame().empty
            True
        """
        return frame_of([document.model_dump() for document in self._documents])

    def _repr_html_(self) -> str:
        return html_of(self.to_frame())
