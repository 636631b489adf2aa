"""A data check: a value makes up no more of a column than a share."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mdlc.components.preparation.checks import CheckFinding, CheckRequest, ColumnCheck, SpecSection


class Bound(SpecSection):
    """The value, and how many of the rows may have it."""

    of: str = Field(description="The value.")
    at_most: float = Field(ge=0, le=1, description="The share that is allowed.")


class Share(ColumnCheck):
    """Share of the rows that one value has."""

    value: ClassVar[Any] = Bound

    def finding(self, request: CheckRequest) -> CheckFinding:
        """Count the rows with the value, if they are too many."""
        import ibis

        bound: Bound = request.value
        hits = (request.cells.cast("string") == bound.of).sum().fill_null(0)
        failing = ibis.ifelse(hits > request.table.count() * bound.at_most, hits, 0)
        name = f"{request.column}: at most {bound.at_most:.0%} are {bound.of}"
        return CheckFinding(name=name, failing=failing, column=request.column)
