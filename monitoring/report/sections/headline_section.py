"""The headline: what the model is, what serves, what it earns, and what to look at."""

from __future__ import annotations

from mdlc.monitoring.history_entries import serving_entry, standing_canary
from mdlc.monitoring.report.formatting import joined, money, number, plural, when
from mdlc.monitoring.report.page_parts import Cell, Fact, Headline, Tone
from mdlc.monitoring.report.report_input import ReportInput
from mdlc.monitoring.report.sections.score import scored

MOST = 8


def build(inputs: ReportInput) -> Headline:
    """Return the top of the report."""
    facts = [_serving(inputs), _earns(inputs), _against(inputs), _goals(inputs)]
    if inputs.life and inputs.life.policies:
        facts.append(_lived(inputs))
    return Headline(_sentence(inputs), facts, _look_at(inputs))


def _sentence(inputs: ReportInput) -> str:
    parts = [inputs.problem.rstrip(".") + "." if inputs.problem else ""]
    judged = inputs.judged
    if inputs.evaluation is None or judged is None:
        parts.append("No model has been judged yet, so nothing is known about its money.")
        return " ".join(part for part in parts if part)
    task = inputs.prepared.task if inputs.prepared else "model"
    kind = inputs.evaluation.winner
    verdict = (
        f"The {kind} model ({task}) was promoted"
        if inputs.evaluation.promote
        else f"The challenger {kind} ({task}) was not promoted"
    )
    who = "it" if inputs.evaluation.promote else judged.name
    if not inputs.priced:
        word, score = scored(judged)
        rows = f"{inputs.evaluation.rows:,} unseen rows"
        parts.append(f"{verdict}: on {rows} {who} has a {word.lower()} of {number(score.value)}.")
        return " ".join(part.strip() for part in parts if part)
    earned = money(judged.money_per_decision.value, inputs.currency)
    parts.append(f"{verdict}: on {inputs.evaluation.rows:,} unseen rows {who} earns {earned} ")
    return " ".join(part.strip() for part in parts if part) + " a decision."


def _serving(inputs: ReportInput) -> Fact:
    version = inputs.serving_version
    if not version:
        return Fact("Serving", "nothing yet", "no version has been promoted", "warn")
    if served := serving_entry(inputs.history):
        note = f"{served.candidate}, since {when(served.time)}"
        if trial := standing_canary(inputs.history):
            note += f"; version {trial.version} on trial beside it since {when(trial.time)}"
        return Fact("Serving", f"version {version}", note)
    since = inputs.deployment.created if inputs.deployment else None
    return Fact("Serving", f"version {version}", f"as of {when(since)}")


def _earns(inputs: ReportInput) -> Fact:
    judged, a_year = inputs.judged, inputs.decisions_per_year
    if judged is None:
        return Fact("Worth", "–", "no evaluation yet")
    if not inputs.priced:
        word, score = scored(judged)
        span = f"{number(score.low)} to {number(score.high)} (95 %); smaller is better"
        return Fact(word, number(score.value), span)
    interval = judged.money_per_decision
    currency = inputs.currency
    note = f"{money(interval.low, '')} to {money(interval.high, currency)} a decision (95 %)"
    tone: Tone = "good" if interval.low > 0 else "bad" if interval.high < 0 else ""
    if a_year is None:
        return Fact("Earns a decision", money(interval.value, currency), note, tone)
    return Fact("Earns a year", money(interval.value * a_year, currency), note, tone)


def _against(inputs: ReportInput) -> Fact:
    evaluation = inputs.evaluation
    if evaluation is None or not evaluation.comparisons:
        return Fact("Against the best other", "–", "not compared yet")
    closest = min(evaluation.comparisons, key=lambda item: item.gain.value)
    gain = f"{money(closest.gain.value, inputs.currency, signed=True)} a decision"
    if not inputs.priced:
        gain = f"{number(closest.gain.value)} in score"
    sure = f"{closest.probability:.0%} sure to be better than {closest.against}"
    return Fact(
        f"{evaluation.winner} against {closest.against}",
        gain,
        sure,
        "good" if closest.enough else "warn",
    )


def _goals(inputs: ReportInput) -> Fact:
    goals = inputs.goals
    if not goals:
        return Fact("Goals", "none stated")
    met = sum(goal.met is True for goal in goals)
    missed = [goal.metric for goal in goals if goal.met is False]
    opened = sum(goal.met is None for goal in goals)
    note = f"missed: {', '.join(missed)}" if missed else "none missed"
    note += f"; {opened} not measured yet" if opened else ""
    tone: Tone = "bad" if missed else "good" if met == len(goals) else ""
    return Fact("Goals met", f"{met} of {len(goals)}", note, tone)


def _lived(inputs: ReportInput) -> Fact:
    life = inputs.life
    assert life is not None  # noqa: S101 - the caller has looked
    loop = life.policies[0]
    others = life.policies[1:]
    span = f"{when(life.begins)} to {when(life.ends)}"
    if not others:
        return Fact("Time lived", money(loop.net, life.currency), span)
    best = max(others, key=lambda item: item.net)
    lead = money(loop.net - best.net, life.currency, signed=True)
    note = f"net, {lead} against {best.title or best.name}; {span}"
    return Fact(
        "Earned in the time lived",
        money(loop.net, life.currency),
        note,
        "good" if loop.net > best.net else "warn",
    )


def _look_at(inputs: ReportInput) -> list[Cell]:
    found = [*_doubts(inputs), *_data_doubts(inputs), *_life_doubts(inputs)]
    order = {"bad": 0, "warn": 1}
    found.sort(key=lambda cell: order.get(cell.tone, 2))
    if len(found) > MOST:
        more = plural(len(found) - MOST, "more point")
        found = [*found[:MOST], Cell(f"{more}: see the sections below.")]
    return found or [Cell("Nothing stands out in what has been run so far.", "good")]


def _doubts(inputs: ReportInput) -> list[Cell]:
    cells = [
        Cell(
            f"Goal missed: {goal.metric} is {number(goal.value)}, wanted {goal.bound} "
            f"by {when(goal.by)}.",
            "bad",
        )
        for goal in inputs.goals
        if goal.met is False
    ]
    if inputs.business and inputs.business.within_budget is False:
        cost = money(inputs.business.build_cost, inputs.currency)
        cells.append(Cell(f"Building costs {cost}, which is over the budget.", "bad"))
    evaluation, judged = inputs.evaluation, inputs.judged
    if evaluation and not evaluation.promote:
        cells.append(
            Cell(f"Not promoted: {joined(evaluation.reasons) or 'no reason given'}", "warn")
        )
    slices = judged.slices if judged and inputs.priced else []
    losing = [item for item in slices if item.money_per_decision < 0]
    if losing:
        worst = min(losing, key=lambda item: item.money_per_decision)
        cells.append(
            Cell(
                f"{plural(len(losing), 'slice')} of the test set losing money, most of all "
                f"{worst.column} = {worst.value} "
                f"({money(worst.money_per_decision, inputs.currency)} a decision).",
                "warn",
            )
        )
    refused = (
        [item.kind for item in inputs.training.candidates if item.refused]
        if inputs.training
        else []
    )
    if refused:
        cells.append(Cell(f"Cannot be served: {joined(refused)}.", "warn"))
    return cells


def _data_doubts(inputs: ReportInput) -> list[Cell]:
    checks = inputs.prepared.checks if inputs.prepared else []
    cells = [
        Cell(
            f"Data test failed: {check.name} ({plural(check.failing_rows, 'row')}).",
            "bad" if check.severity == "error" else "warn",
        )
        for check in checks
        if not check.passed
    ]
    warnings = inputs.exploration.warnings if inputs.exploration else []
    return [*cells, *(Cell(text, "warn") for text in warnings)]


def _life_doubts(inputs: ReportInput) -> list[Cell]:
    life = inputs.life
    if life is None:
        return []
    cells = []
    if life.failed_requests:
        cells.append(Cell(f"{plural(life.failed_requests, 'request')} failed.", "bad"))
    failures = [event for event in life.events if event.kind == "failure"]
    cells += [Cell(f"{when(event.time)}: {event.title}.", "bad") for event in failures[:3]]
    if len(life.policies) > 1:
        loop, best = life.policies[0], max(life.policies[1:], key=lambda item: item.net)
        if best.net > loop.net:
            more = money(best.net - loop.net, life.currency)
            cells.append(
                Cell(
                    f"{best.title or best.name} would have earned {more} more than the loop.",
                    "warn",
                )
            )
    return cells
