"""Who is best on the test set by a proper score: nobody has said what a decision is worth."""

from __future__ import annotations

from mdlc.core.documents.evaluation_result import Comparison, Contender, Evaluation, Interval
from mdlc.monitoring.report.formatting import number
from mdlc.monitoring.report.page_parts import Block, Cell, Notes, ReportSection, ReportTable, Tone

ID, TITLE = "money", "Scores"
WORDS = {"log_loss": "Log-loss", "rmse": "RMSE"}


def scored(contender: Contender) -> tuple[str, Interval]:
    """Return the name of the score that judges, in words, and the contender's."""
    name = "log_loss" if "log_loss" in contender.metrics else "rmse"
    return WORDS[name], contender.metrics[name]


def build(evaluation: Evaluation) -> ReportSection:
    """Return the section that stands in for the one about money."""
    ordered = sorted(evaluation.contenders, key=lambda c: -c.money_per_decision.value)
    word, _ = scored(ordered[0])
    rows = [_row(contender, evaluation) for contender in ordered]
    head = ["Contender", word, "95 % interval"]
    note = "Smaller is better. It is a proper score: saying what one believes scores best."
    blocks: list[Block] = [
        ReportTable(f"{word} of each contender", head, rows, frozenset({1, 2}), note)
    ]
    if evaluation.comparisons:
        head = ["Against", "Gain in score", "95 % interval", "Sure of a gain", "Enough"]
        found = [_comparison(item) for item in evaluation.comparisons]
        blocks.append(
            ReportTable("Gains in numbers", head, found, frozenset({1, 2, 3}), folded=True)
        )
    tone: Tone = "good" if evaluation.promote else "warn"
    verdict = "Why it was promoted" if evaluation.promote else "Why it was not promoted"
    blocks.append(Notes(verdict, [Cell(reason, tone) for reason in evaluation.reasons]))
    lead = (
        f"{ordered[0].name} scores best on the test rows. The file does not say what a decision "
        "is worth; with spec.business.payoff this page says what is earned."
    )
    return ReportSection(ID, TITLE, lead, blocks)


def _row(contender: Contender, evaluation: Evaluation) -> list[Cell | str]:
    _, score = scored(contender)
    name = Cell(contender.name, "strong" if contender.name == evaluation.winner else "")
    return [name, number(score.value), f"{number(score.low)} to {number(score.high)}"]


def _comparison(item: Comparison) -> list[Cell | str]:
    gain = item.gain
    return [
        item.against,
        number(gain.value),
        f"{number(gain.low)} to {number(gain.high)}",
        f"{item.probability:.1%}",
        Cell("yes", "good") if item.enough else Cell("no", "warn"),
    ]
