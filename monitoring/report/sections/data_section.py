"""Where the rows come from, how they were split, and the data tests they passed."""

from __future__ import annotations

from mdlc.core.documents.prepared_data import CheckResult, Prepared, Snapshot
from mdlc.monitoring.report.formatting import number, percent, plural, when
from mdlc.monitoring.report.page_parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Notes,
    ReportSection,
    ReportTable,
)
from mdlc.monitoring.report.report_input import ReportInput

ID, TITLE = "data", "Data and its tests"
SPLITS = ("train", "validation", "test", "later")


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    blocks: list[Block] = []
    if inputs.snapshot:
        blocks += [_sources(inputs.snapshot), *_remarks(inputs.snapshot)]
    prepared = inputs.prepared
    if prepared is None:
        missing = (
            "Preparation has not run yet."
            if inputs.snapshot
            else ("Collection and preparation have not run yet.")
        )
        return ReportSection(ID, TITLE, blocks=blocks, missing=missing)
    blocks = [_facts(prepared), *blocks, *_left_out(prepared)]
    blocks += [_splits(prepared), _checks(prepared.checks)]
    failed = sum(not check.passed for check in prepared.checks)
    lead = (
        f"{plural(failed, 'data test')} of {len(prepared.checks)} failed."
        if failed
        else f"All {len(prepared.checks)} data tests passed."
    )
    return ReportSection(ID, TITLE, lead, blocks)


def _sources(snapshot: Snapshot) -> ReportTable:
    rows: list[list[Cell | str]] = [
        [
            name,
            source.location,
            source.format,
            f"{source.rows:,}",
            str(len(source.columns)),
            Cell(source.source_digest[:12], "muted"),
        ]
        for name, source in snapshot.sources.items()
    ]
    head = ["Source", "Location", "Format", "Rows", "Columns", "Digest"]
    return ReportTable("Sources", head, rows, frozenset({3, 4}))


def _remarks(snapshot: Snapshot) -> list[Block]:
    """Say what was decided where a value could be read in another way."""
    found = [remark for source in snapshot.sources.values() for remark in source.remarks]
    return [Notes("How values were read", [Cell(str(r), "warn") for r in found])] if found else []


def _left_out(prepared: Prepared) -> list[Block]:
    blocks: list[Block] = []
    if prepared.remarks:
        notes = [Cell(str(remark), "warn") for remark in prepared.remarks]
        blocks.append(Notes("What the file does not say", notes))
    if prepared.left_out:
        rows: list[list[Cell | str]] = [[item.column, item.why] for item in prepared.left_out]
        head = ["Column", "Why"]
        blocks.append(
            ReportTable("Columns that are no features", head, rows, folded=len(rows) > 15)
        )
    return blocks


def _facts(prepared: Prepared) -> Facts:
    kinds = [feature.kind for feature in prepared.features]
    told = ", ".join(
        f"{kinds.count(kind)} {kind}" for kind in ("number", "category", "image") if kind in kinds
    )
    left_out = prepared.removed_null_target + prepared.removed_unknown_label
    return Facts(
        [
            Fact("Rows", number(sum(prepared.rows.values())), f"task: {prepared.task}"),
            Fact("Features", str(len(kinds)), told),
            Fact(
                "Rows left out",
                number(left_out),
                f"{prepared.removed_null_target:,} without a target, "
                f"{prepared.removed_unknown_label:,} with a label not known in time",
            ),
            Fact("Known until", when(prepared.until), "later rows are the future"),
        ]
    )


def _splits(prepared: Prepared) -> ReportTable:
    shares = prepared.target_by_split
    keys = list(dict.fromkeys(key for split in shares.values() for key in split))[:8]
    regression = prepared.task == "regression"
    show = number if regression else percent
    rows: list[list[Cell | str]] = [
        [
            split,
            f"{prepared.rows[split]:,}",
            when(prepared.boundaries.get(split)),
            *(show(shares.get(split, {}).get(key)) for key in keys),
        ]
        for split in SPLITS
        if split in prepared.rows
    ]
    head = ["Split", "Rows", "Begins", *(key if regression else f"share of {key}" for key in keys)]
    note = "Training sees only the first split; a share that jumps from split to split is drift."
    return ReportTable("Splits", head, rows, frozenset({1, *range(3, 3 + len(keys))}), note)


def _checks(checks: list[CheckResult]) -> ReportTable:
    ordered = sorted(checks, key=lambda check: (check.passed, check.severity))
    rows: list[list[Cell | str]] = [
        [
            _state(check),
            check.name,
            check.severity,
            f"{check.failing_rows:,}",
            ", ".join(map(str, check.examples)) or "–",
            Cell(check.where or "built in", "muted"),
        ]
        for check in ordered
    ]
    head = ["Result", "Test", "Severity", "Failing rows", "Examples", "Stated in"]
    return ReportTable("Data tests", head, rows, frozenset({3}), folded=len(rows) > 15)


def _state(check: CheckResult) -> Cell:
    if check.passed:
        return Cell("passed", "good")
    return Cell("failed", "bad" if check.severity == "error" else "warn")
