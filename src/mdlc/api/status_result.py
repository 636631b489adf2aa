"""The state of a lifecycle as a typed object; in a module of its own, as it needs the database."""

from __future__ import annotations

from typing import Any, ClassVar

from mdlc.api.typed_documents import TabularDocument
from mdlc.life.local_status import LocalStatus


class StatusResult(TabularDocument, LocalStatus):
    """The serving version, runs and decisions; its table has a row for each of the newest runs."""

    default_part: ClassVar[str] = "runs"

    def parts(self) -> dict[str, list[Any]]:
        """Return runs, without their stages, and verdicts."""
        runs = [run.model_dump(exclude={"stages"}) for run in self.runs]
        return {**super().parts(), "runs": runs}
