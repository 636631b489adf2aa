"""Writes what KFP's UI shows of a stage, from its document: metrics, matrices, tables, plots."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mdlc.core.documents.business_case import BusinessCase
from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.documents.exploration_findings import Exploration
from mdlc.core.documents.training_result import Training
from mdlc.core.files import read_document

MAX_CLASSES = 50
STYLE = "<style>body{font:13px sans-serif}div.b{background:#4472c4;width:14px;display:inline-block}"
BARS = 80
"""Height of a histogram in pixels."""


def business(folder: Path, shows: Mapping[str, Any]) -> None:
    """Draw a table of the alternatives in money."""
    case = read_document(folder / "business.json", BusinessCase)
    rows = [
        (a.name, _number(a.money_per_decision), _number(a.net_present_value), a.refused)
        for a in case.alternatives
    ]
    head = ("alternative", f"{case.currency} a decision", "net present value", "refused")
    notes = "".join(f"- {note}\n" for note in case.notes)
    _write(shows["page"], f"# {case.problem or 'Business case'}\n\n{_table(head, rows)}\n{notes}")


def exploration(folder: Path, shows: Mapping[str, Any]) -> None:
    """Draw histograms of numeric features, and list warnings and cleaning decisions."""
    found = read_document(folder / "exploration.json", Exploration)
    parts = [f"{STYLE}</style><h2>{found.rows} training rows</h2>"]
    parts += [f"<p><b>{html.escape(warning)}</b></p>" for warning in found.warnings]
    for column in found.numbers:
        parts.append(f"<h3>{html.escape(column.name)}</h3>{_bars(column.histogram_counts)}")
        parts.append(
            f"<p>{column.minimum:.4g} to {column.maximum:.4g}, mean {column.mean:.4g}, "
            f"{column.nulls} missing, {column.box.outliers} outliers</p>"
        )
    for category in found.categories:
        named = ", ".join(f"{html.escape(value)} ({rows})" for value, rows in category.top[:10])
        parts.append(f"<h3>{html.escape(category.name)}</h3><p>{named}</p>")
    _write(shows["page"], "\n".join(parts))


def training(folder: Path, shows: Mapping[str, Any]) -> None:
    """Log each candidate's validation metric and time."""
    made = read_document(folder / "training.json", Training)
    for candidate in made.candidates:
        _log(shows["metrics"], f"{candidate.kind}_{candidate.metric}", candidate.value)
        _log(shows["metrics"], f"{candidate.kind}_seconds", candidate.seconds)


def evaluation(folder: Path, shows: Mapping[str, Any]) -> None:
    """Log the winner's metrics and confusion matrix, and draw a table of all contenders."""
    judged = read_document(folder / "evaluation.json", Evaluation)
    winner = next(c for c in judged.contenders if c.name == judged.winner)
    worth = "money_per_decision" if judged.priced else "score"
    _log(shows["metrics"], worth, winner.money_per_decision.value)
    _log(shows["metrics"], "promote", float(judged.promote))
    for name, interval in winner.metrics.items():
        _log(shows["metrics"], name, interval.value)
    if winner.confusion and len(judged.classes) <= MAX_CLASSES:
        shows["matrix"].log_confusion_matrix(judged.classes, winner.confusion)
    rows = [
        (
            c.name,
            f"{c.money_per_decision.value:.4g}",
            f"{c.money_per_decision.low:.4g} to {c.money_per_decision.high:.4g}",
            ", ".join(f"{name} {value.value:.4g}" for name, value in c.metrics.items()),
        )
        for c in judged.contenders
    ]
    verdict = "promoted" if judged.promote else "not promoted"
    reasons = "".join(f"- {reason}\n" for reason in judged.reasons)
    table = _table(("contender", worth.replace("_", " "), "95 %", "metrics"), rows)
    _write(shows["page"], f"# {judged.winner}: {verdict}\n\n{reasons}\n{table}")


SHOWN = {
    "business": {"page": "Markdown"},
    "exploration": {"page": "HTML"},
    "training": {"metrics": "Metrics"},
    "evaluation": {"metrics": "Metrics", "matrix": "ClassificationMetrics", "page": "Markdown"},
}
"""Stage -> the artifacts that its function above fills, each with its class in kfp.dsl."""
DRAWERS = {
    "business": business,
    "exploration": exploration,
    "training": training,
    "evaluation": evaluation,
}


def _bars(counts: Sequence[int]) -> str:
    most = max(counts, default=0) or 1
    heights = [max(1, round(BARS * count / most)) for count in counts]
    return "".join(f'<div class="b" style="height:{height}px"></div>' for height in heights)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _log(metrics: Any, name: str, value: float | None) -> None:
    """Log a value unless it is None or NaN, which KFP's metadata cannot store."""
    if value is not None and math.isfinite(value):
        metrics.log_metric(name, float(value))


def _write(artifact: Any, text: str) -> None:
    path = Path(artifact.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
