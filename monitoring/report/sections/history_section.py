"""Which version served when, what was deployed, and what the retraining trigger decided."""

from __future__ import annotations

from mdlc.core.documents.evaluation_result import Deployment
from mdlc.monitoring.report.formatting import money, plural, when
from mdlc.monitoring.report.page_parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Notes,
    ReportSection,
    ReportTable,
    Tone,
)
from mdlc.monitoring.report.report_input import ReportInput
from mdlc.state.release_documents import HistoryEntry, HistoryKind
from mdlc.state.watch_documents import Verdict

ID, TITLE = "history", "History"
KINDS: dict[HistoryKind, str] = {
    "promotion": "promoted",
    "canary": "on trial",
    "canary_rollback": "canary dropped",
    "rollback": "rolled back to",
    "withdrawal": "withdrawn",
    "restoration": "decides again",
}


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    blocks: list[Block] = []
    if inputs.deployment:
        blocks += _deployment(inputs.deployment)
    if inputs.history:
        blocks.append(_entries(list(inputs.history), inputs.currency))
    if inputs.verdicts:
        blocks.append(_verdicts(list(inputs.verdicts)))
    if not blocks:
        return ReportSection(ID, TITLE, missing="Nothing has been deployed yet.")
    missing = "" if inputs.deployment or inputs.history else "Deployment has not run yet."
    promotions = sum(entry.kind == "promotion" for entry in inputs.history)
    lead = f"{plural(promotions, 'promotion')} and "
    lead += f"{plural(len(inputs.verdicts), 'decision')} of the retraining trigger."
    return ReportSection(ID, TITLE, lead, blocks, missing)


def _deployment(made: Deployment) -> list[Block]:
    promoted = "promoted" if made.promoted else "registered, not promoted"
    facts = Facts(
        [
            Fact("Newest version", made.version, promoted, "good" if made.promoted else "warn"),
            Fact("Replaced", made.replaced or "–", "the version before"),
            Fact("Made", when(made.created, clock=True), f"digest {made.digest[:12]}"),
        ]
    )
    return [facts, Notes("Deployment", made.reasons)] if made.reasons else [facts]


def _entries(entries: list[HistoryEntry], currency: str) -> ReportTable:
    rows: list[list[Cell | str]] = [
        [
            when(e.time, clock=True),
            KINDS[e.kind],
            Cell(e.version, "strong"),
            e.candidate,
            e.replaced or "–",
            money(e.money_per_decision, currency),
            e.why,
            Cell(e.digest[:12], "muted"),
        ]
        for e in reversed(entries)
    ]
    head = ["From", "What", "Version", "Candidate", "Replaced", "Money a decision", "Why", "Digest"]
    return ReportTable(
        "Versions that served, newest first", head, rows, frozenset({5}), folded=len(rows) > 12
    )


def _verdicts(verdicts: list[Verdict]) -> ReportTable:
    rows = [_verdict(item) for item in sorted(verdicts, key=lambda v: v.time, reverse=True)]
    head = ["Time", "Decision", "Reasons", "Why", "Outcome", "Detail"]
    note = "A run is a retraining; skip and defer say which bound held it back."
    return ReportTable(
        "The trigger's decisions, newest first", head, rows, note=note, folded=len(rows) > 12
    )


def _verdict(item: Verdict) -> list[Cell | str]:
    tones: dict[str, Tone] = {"promoted": "good", "refused": "warn", "failed": "bad"}
    outcome = item.outcome or ("running" if item.decision == "run" else "–")
    tone: Tone = tones.get(item.outcome, "muted")
    return [
        when(item.time, clock=True),
        Cell(item.decision, "strong" if item.decision == "run" else "muted"),
        ", ".join(item.reasons) or "–",
        item.why,
        Cell(outcome, tone),
        item.detail or "–",
    ]
