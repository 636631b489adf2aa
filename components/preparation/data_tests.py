"""Runs all data tests in one query for each table, then reports what failed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mdlc.components.preparation.checks import (
    CheckFinding,
    CheckRequest,
    ColumnCheck,
    kinds_of,
)
from mdlc.core.documents.prepared_data import CheckResult
from mdlc.core.errors import DataError, SpecError
from mdlc.core.files import write_json
from mdlc.core.spec.data import DataCheck

EXAMPLES = 5


def findings(
    connection: Any,
    table: Any,
    *,
    checks: list[DataCheck],
    numbers: list[int] | None = None,
    of: str = "",
) -> tuple[Any, list[CheckFinding]]:
    """Return the table to run on, and what the checks ask of it, not computed yet.

    `numbers` are the checks' places in the file; `of` goes before each test's name.

    Raises:
        SpecError: a check does not fit its column's type.
    """
    found: list[CheckFinding] = []
    asked: list[tuple[ColumnCheck, CheckRequest, DataCheck]] = []
    for index, check in enumerate(checks):
        where = f"spec.data.checks[{numbers[index] if numbers else index}]"
        for name, kind in kinds_of(check):
            request = CheckRequest(
                connection, table, check.column, check.asked[name], len(asked), where
            )
            with _fitting(request):
                table = kind.extend(request)
            asked.append((kind, request, check))
    for kind, request, check in asked:
        with _fitting(request):
            item = kind.finding(replace(request, table=table))
        found.append(
            replace(item, where=request.where, severity=check.severity, name=of + item.name)
        )
    return table, found


@contextlib.contextmanager
def _fitting(request: CheckRequest) -> Iterator[None]:
    """Turn an error of Ibis, for a check that does not fit its column, into a SpecError."""
    import ibis

    try:
        yield
    except (ibis.common.exceptions.IbisError, TypeError, ValueError, AttributeError) as error:
        kind = request.cells.type() if request.column else "a table"
        message = f"the check does not fit {request.column}, which is {kind}"
        raise SpecError(message, where=request.where) from error


def run(table: Any, found: list[CheckFinding], *, sensitive: Sequence[str]) -> list[CheckResult]:
    """Compute all findings of one table."""
    if not found:
        return []
    counts = table.aggregate(**{f"f{i}": item.failing for i, item in enumerate(found)})
    row = counts.to_pyarrow().to_pylist()[0]
    return [
        CheckResult(
            name=item.name,
            column=item.column,
            severity=item.severity,
            passed=not row[f"f{i}"],
            failing_rows=int(row[f"f{i}"] or 0),
            examples=_examples(item, sensitive=sensitive) if row[f"f{i}"] else [],
            where=item.where,
        )
        for i, item in enumerate(found)
    ]


def write(results: list[CheckResult], *, out: Path) -> None:
    """Write checks.json, also if the run is stopped afterwards."""
    write_json(out / "checks.json", [result.model_dump(mode="json") for result in results])


def enforce(results: list[CheckResult]) -> None:
    """Stop the run if a test with severity error failed.

    Raises:
        DataError: names the first such test, its rows and values, and how many more there are.
    """
    failed = [item for item in results if not item.passed and item.severity == "error"]
    if not failed:
        return
    first = failed[0]
    values = f", such as {', '.join(map(str, first.examples))}" if first.examples else ""
    more = f"; {len(failed) - 1} more data tests failed" if len(failed) > 1 else ""
    message = f"data test failed: {first.name}: {first.failing_rows} rows{values}{more}"
    hint = "repair the data, or set severity: warn" if first.where else "repair the data"
    raise DataError(message, where=first.where, hint=hint)


def _examples(finding: CheckFinding, *, sensitive: Sequence[str]) -> list[Any]:
    if finding.examples is None or finding.column in sensitive:
        return []
    column = finding.examples.columns[0]
    rows = finding.examples.distinct().order_by(column).limit(EXAMPLES)
    values = rows[column].to_pyarrow().to_pylist()
    return [v if isinstance(v, str | int | float | bool) else str(v) for v in values]
