"""The replay by week: what was predicted, what happened, and what it earned."""

from __future__ import annotations

from collections import Counter

from mdlc.monitoring.report.formatting import money, number, percent, plural, seconds, when
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
from mdlc.monitoring.report.sections import policy_plots, weekly_plots
from mdlc.state.replay_documents import PolicyResult, ReplayEvent, ReplayRecord

ID, TITLE = "life", "The year lived"


def build(inputs: ReportInput) -> ReportSection:
    """Return the section."""
    life = inputs.life
    if life is None:
        return ReportSection(ID, TITLE, missing="No stretch of time has been lived by replay yet.")
    blocks: list[Block] = [_facts(life)]
    if life.policies:
        blocks += [policy_plots.bars(life), _policies(life)]
    if life.weeks:
        blocks.append(weekly_plots.plot(life, warn=inputs.warn_drift))
    if life.weeks and life.policies:
        blocks.append(policy_plots.cumulative(life))
    if life.events:
        blocks.append(_events(life.events))
    if life.weeks:
        blocks.append(_weeks(life))
    if life.notes:
        blocks.append(Notes("In words", life.notes))
    return ReportSection(ID, TITLE, _lead(life), blocks)


def _lead(life: ReplayRecord) -> str:
    span = f"From {when(life.begins)} to {when(life.ends)}, {life.decisions:,} decisions were made"
    if not life.policies:
        return f"{span}."
    best = max(life.policies, key=lambda item: item.net)
    return f"{span}. {best.title or best.name} earned most: {money(best.net, life.currency)} net."


def _facts(life: ReplayRecord) -> Facts:
    share = life.labels / life.decisions if life.decisions else None
    runs = sum(event.kind == "retraining" for event in life.events)
    return Facts(
        [
            Fact("Decisions", number(life.decisions), f"replayed in {seconds(life.seconds)}"),
            Fact("Labels", number(life.labels), f"{percent(share)} of the decisions"),
            Fact(
                "Failed requests",
                number(life.failed_requests),
                "",
                "bad" if life.failed_requests else "good",
            ),
            Fact("Retrainings", str(runs), _led_to(life)),
        ]
    )


def _led_to(life: ReplayRecord) -> str:
    """Return in words what retrainings led to; of canaries, also how many were not promoted."""
    count = Counter(event.kind for event in life.events)
    said = plural(count["promotion"], "promotion")
    if count["canary"]:
        said += f"; {count['canary']} on trial, {count['canary_rollback']} of them dropped"
    return said


def _policies(life: ReplayRecord) -> ReportTable:
    best = max(policy.net for policy in life.policies)
    rows = [_policy(policy, life.policies[0], best, life.currency) for policy in life.policies]
    head = ["Policy", "Earned", "Retrainings", "Their cost", "Net", "Against the loop"]
    return ReportTable("Policies", head, rows, frozenset(range(1, 6)))


def _policy(
    policy: PolicyResult, loop: PolicyResult, best: float, currency: str
) -> list[Cell | str]:
    against = "–" if policy is loop else money(policy.net - loop.net, currency, signed=True)
    return [
        Cell(policy.title or policy.name, "strong" if policy.net == best else ""),
        money(policy.earned, currency),
        str(policy.retrainings),
        money(policy_plots.cost_of(policy), currency),
        Cell(money(policy.net, currency), "strong"),
        against,
    ]


def _events(events: list[ReplayEvent]) -> ReportTable:
    tones: dict[str, Tone] = {
        "alert": "warn",
        "failure": "bad",
        "promotion": "good",
        "canary_rollback": "warn",
        "refusal": "warn",
        "withdrawal": "warn",
    }
    rows: list[list[Cell | str]] = [
        [
            when(event.time, clock=True),
            Cell(event.kind, tones.get(event.kind, "")),
            event.title,
            event.version or "–",
            event.detail or "–",
        ]
        for event in events
    ]
    return ReportTable(
        "What happened", ["Time", "Kind", "What", "Version", "Detail"], rows, folded=len(rows) > 12
    )


def _weeks(life: ReplayRecord) -> ReportTable:
    rows = [
        [
            when(week.begins),
            f"{week.decisions:,}",
            f"{week.labels:,}",
            ", ".join(week.versions),
            percent(week.accuracy),
            number(week.log_loss),
            number(week.skill),
            number(week.mae),
            number(max(weekly_plots.feature_drift(week), default=None)),
            money(week.money.get("loop"), life.currency),
        ]
        for week in life.weeks
    ]
    head = [
        "Week of",
        "Decisions",
        "Labels",
        "Versions",
        "Accuracy",
        "Log-loss",
        "Skill",
        "Absolute error",
        "Largest drift",
        "Loop earned",
    ]
    return ReportTable("Week by week", head, rows, frozenset({1, 2, 4, 5, 6, 7, 8, 9}), folded=True)
