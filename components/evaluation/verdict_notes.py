"""What a verdict rests on, said with it: rows put aside, units, how often the rows were used."""

from __future__ import annotations

from mdlc.components.evaluation.verdict import Court, percent, spend
from mdlc.core.documents.prepared_data import Prepared


def before(champion: str, prepared: Prepared) -> list[str]:
    """Return what was done to the champion and to feedback before anything was compared."""
    said = [champion] if champion else []
    if prepared.quarantined:
        rules = dict.fromkeys(f.rule for f in prepared.guard if not f.passed)
        said.append(f"{prepared.quarantined} feedback rows were put aside ({', '.join(rules)}).")
    return said


def after(court: Court) -> list[str]:
    """Return what the intervals rest on, and what a payoff would add where there is none."""
    said = []
    units, rows = court.units, len(court.bench.test.truth)
    if units.kind == "days":
        said.append(f"Intervals take days whole ({units.size}): rows of a day are not independent.")
    elif units.size < rows:
        said.append(f"Intervals take copies of a row as one: {units.size} of {rows} rows differ.")
    if court.uses > 1:
        said.append(
            f"The test rows have judged {court.uses} times: {percent(spend(court.uses))} of "
            "the error that spec.deploy.promote.confidence allows are left for this time. "
            "New test rows begin anew."
        )
    if not court.bench.money.priced:
        said.append(
            f"Judged by {_score(court)}: the file does not say what a decision is worth. "
            "With spec.business.payoff the action that earns most is taken, and money judges."
        )
    return said


def _score(court: Court) -> str:
    return "squared error (RMSE)" if court.bench.prepared.task == "regression" else "log-loss"
