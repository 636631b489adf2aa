"""Runs data tests: all of them, in one query for each table, then says what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mdlc.components.preparation.checks import KINDS, expression
from mdlc.components.preparation.checks._base import CheckFinding
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
        SpecError: a check does not fit its column's type, or asks for nothing.
    """
    table = expression.add(connection, table, checks=checks)
    found: list[CheckFinding] = []
    for index, check in enumerate(checks):
        where = f"spec.data.checks[{numbers[index] if numbers else index}]"
        own = _of_check(table, check, index=index, where=where)
        found += [
            replace(item, where=where, severity=check.severity, name=of + item.name) for item in own
        ]
    return table, found


def _of_check(table: Any, check: DataCheck, *, index: int, where: str) -> list[CheckFinding]:
    """Ask every kind for its finding."""
    import ibis

    try:
        own = [finding for kind in KINDS if (finding := kind(table, check, index=index))]
    except (ibis.common.exceptions.IbisError, TypeError, ValueError, AttributeError) as error:
        kind = table[check.column].type() if check.column else "a table"
        message = f"the check does not fit {check.column}, which is {kind}"
        raise SpecError(message, where=where) from error
    if not own:
        hint = "give not_null, unique, min, max, one_of, pattern or max_null_ratio with column"
        raise SpecError("the check asks for nothing", where=where, hint=hint)
    return own


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
    """Write checks.json: there also when the run stops."""
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
