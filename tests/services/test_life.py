"""A life with a jump in it is lived to its end: seen, answered within budget, and accounted for.

The second life has drift that means nothing (an identifier, the mix of a harmless category): it is
measured, and no retraining follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from mdlc.core.spec import load
from mdlc.life.local_status import status_of
from mdlc.life.progress import SilentProgress
from mdlc.monitoring.version_history import History
from mdlc.replay.run_replay import run_replay
from mdlc.retraining.ledger import Ledger
from mdlc.serving.payload_log import PayloadLog
from mdlc.serving.payload_tables import PREDICTIONS
from mdlc.state.replay_documents import ReplayRecord
from mdlc.state.workspace import Workspace, replay_workspace, workspace_of
from tests import tiny

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
JUMP = 32
SETTINGS = (
    ("until: 2026-01-31, validation: 5d, test: 5d", "until: 2026-01-21, validation: 4d, test: 5d"),
    (
        "  retrain:\n    max_per_month: 0\n    min_new_labels: 1\n",
        """\
  monitor:
    window: 4d
    warm_up: 4d
    hold: 1d
    drift: {min_predictions: 150}
    quality: {min_labels: 150}
  retrain:
    cooldown: 4d
    max_per_month: 2
    cost_per_run: 7
    window: 10d
    validation: 2d
    test: 5d
    min_new_labels: 150
    trials: 1
""",
    ),
)


def lived(
    folder: Path,
    *edits: tuple[str, str],
    days: int,
    rows_a_day: int,
    shift: Callable[[int], float] = lambda _: -1.0,
    extra: dict[str, Callable[[int, np.random.Generator], Any]] | None = None,
    monthly: bool = False,
) -> tuple[ReplayRecord, Workspace, int]:
    """Live the tiny file's life; return it, its workspace, and how many rows there were to live."""
    tiny.write_rows(folder / "rows.csv", days=days, rows_a_day=rows_a_day, shift=shift, extra=extra)
    file = tiny.write_file(folder, *SETTINGS, *edits)
    lifecycle = load(file)
    workspace = workspace_of(lifecycle, file=file, home=folder / "home")
    life = run_replay(
        lifecycle,
        workspace=workspace,
        begin=None,
        end=None,
        progress=SilentProgress(),
        monthly=monthly,
    )
    return life, workspace, (days - 20) * rows_a_day


@pytest.fixture(scope="module")
def jumped(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReplayRecord, Workspace, int]:
    return lived(
        tmp_path_factory.mktemp("jump"),
        days=48,
        rows_a_day=100,
        shift=lambda day: 0.0 if day < JUMP else -3.5,
    )


def of_kind(life: ReplayRecord, *kinds: str) -> list[Any]:
    return [event for event in life.events if event.kind in kinds]


def ledger_of(workspace: Workspace) -> Ledger:
    lifecycle = load(workspace.root / "lifecycle.yaml")
    return Ledger(replay_workspace(workspace).ledger, retrain=lifecycle.spec.retrain, model="tiny")


def test_every_row_is_answered_and_labelled_once(
    jumped: tuple[ReplayRecord, Workspace, int],
) -> None:
    life, workspace, rows = jumped
    assert (life.decisions, life.labels, life.failed_requests) == (rows, rows, 0)
    assert sum(week.decisions for week in life.weeks) == rows
    log = PayloadLog(replay_workspace(workspace).store, name="tiny")
    assert log.count_labels(None, life.ends + timedelta(days=9)) == rows


def test_the_money_of_the_weeks_is_the_money_of_the_policies(
    jumped: tuple[ReplayRecord, Workspace, int],
) -> None:
    life, _, _ = jumped
    assert [policy.name for policy in life.policies] == ["loop", "never", "rule", "nothing"]
    for policy in life.policies:
        weeks = sum(week.money[policy.name] for week in life.weeks)
        assert weeks == pytest.approx(policy.earned)
        assert policy.retraining_cost == 7 * policy.retrainings
        assert policy.net == pytest.approx(policy.earned - policy.retraining_cost)


def test_an_alert_fires_after_the_jump_and_a_retraining_follows_it(
    jumped: tuple[ReplayRecord, Workspace, int],
) -> None:
    life, _, _ = jumped
    jump = tiny.FIRST_DAY + timedelta(days=JUMP)
    retrainings = of_kind(life, "retraining")
    assert retrainings
    first = retrainings[0]
    assert timedelta(0) < first.time.replace(tzinfo=None) - jump < timedelta(days=8)
    assert any(event.kind == "alert" and event.time <= first.time for event in life.events)
    assert not of_kind(life, "failure")


def test_the_budget_holds_and_every_run_has_an_end(
    jumped: tuple[ReplayRecord, Workspace, int],
) -> None:
    life, workspace, _ = jumped
    runs = [verdict for verdict in ledger_of(workspace).all() if verdict.decision == "run"]
    assert len(runs) == life.policies[0].retrainings == len(of_kind(life, "retraining"))
    assert max(Counter((run.time.year, run.time.month) for run in runs).values()) <= 2
    assert {run.outcome for run in runs} <= {"promoted", "refused"}
    promoted = [run for run in runs if run.outcome == "promoted"]
    assert len(promoted) == len(of_kind(life, "promotion"))
    assert len(runs) - len(promoted) == len(of_kind(life, "refusal"))


def test_the_history_is_whole_and_the_new_model_pays(
    jumped: tuple[ReplayRecord, Workspace, int],
) -> None:
    life, workspace, _ = jumped
    entries = History(replay_workspace(workspace).history).entries()
    assert len(entries) == 1 + len(of_kind(life, "promotion"))
    answered = list(dict.fromkeys(version for week in life.weeks for version in week.versions))
    assert answered == [entry.version for entry in entries]
    earned = {policy.name: policy.earned for policy in life.policies}
    assert len(entries) > 1
    assert earned["loop"] > earned["never"]


def test_real_serving_is_not_touched_by_a_replay(
    jumped: tuple[ReplayRecord, Workspace, int],
) -> None:
    _, workspace, _ = jumped
    lifecycle = load(workspace.root / "lifecycle.yaml")
    state = status_of(lifecycle, workspace=workspace)
    assert state.serving is not None
    assert state.serving.version == "1"
    assert state.verdicts == []
    assert not (workspace.folder / "store.db").exists()


def test_drift_without_harm_starts_nothing(tmp_path: Path) -> None:
    life, workspace, rows = lived(
        tmp_path,
        ("features: [x, y, group]", "features: [x, y, group, mix]"),
        ("identifiers: [id]", "identifiers: [id, ticket]"),
        days=32,
        rows_a_day=60,
        extra={
            "ticket": lambda day, _: f"t{day}",
            "mix": lambda day, random: "p" if random.random() < (0.3 if day < 23 else 0.9) else "q",
        },
    )
    assert life.decisions == rows
    assert max(week.drift.get("mix", 0) for week in life.weeks) > 0.25
    assert all("ticket" not in week.drift for week in life.weeks)
    assert any("mix" in event.detail for event in of_kind(life, "alert"))
    assert not of_kind(life, "retraining", "promotion", "refusal", "failure")
    assert all(verdict.decision != "run" for verdict in ledger_of(workspace).all())


def test_a_canary_is_tried_judged_and_credited_with_what_it_answered(tmp_path: Path) -> None:
    """It once stood for ever: told as promoted, credited with nothing, deferring all that came."""
    canary = ("  deploy:\n", "  deploy:\n    canary: {ratio: 0.3, min_predictions: 20}\n")
    life, workspace, rows = lived(
        tmp_path,
        canary,
        days=44,
        rows_a_day=100,
        shift=lambda day: 0.0 if day < JUMP else -3.5,
    )
    lived_in = replay_workspace(workspace)
    tried = of_kind(life, "canary")
    ended = of_kind(life, "promotion", "canary_rollback")
    assert tried
    assert [event.version for event in tried] == [event.version for event in ended]
    assert all(began.time < end.time for began, end in zip(tried, ended, strict=True))
    entries = History(lived_in.history).entries()
    assert [entry.kind for entry in entries[1:]] == [
        kind for end in ended for kind in ("canary", end.kind)
    ]
    assert (life.decisions, life.labels, life.failed_requests) == (rows, rows, 0)
    outcomes = [run.outcome for run in ledger_of(workspace).all() if run.decision == "run"]
    assert outcomes.count("canary") == len(tried)
    # Its share of the days on trial, and none before: by the log, and by the weeks of the report.
    first = tried[0]
    with closing(PayloadLog(lived_in.store, name="tiny")) as log, log.engine.connect() as asked:
        times = sa.select(PREDICTIONS.c.time).where(PREDICTIONS.c.version == first.version)
        answered = [time.replace(tzinfo=UTC) for time in asked.execute(times).scalars()]
    on_trial = [time for time in answered if time < ended[0].time]
    assert min(answered) >= first.time
    assert 10 <= len(on_trial) / (ended[0].time - first.time).days <= 60
    weeks = [week for week in life.weeks if first.version in week.versions]
    assert weeks[0].begins + timedelta(days=7) > first.time
