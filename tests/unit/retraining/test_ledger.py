"""The ledger: who may start a run, when, and what is remembered of every wish."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import ArtifactError, DataError, RefusedError, ServiceError
from mdlc.core.spec.retrain import Retrain
from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.retraining.ledger import Ledger
from mdlc.state.watch_documents import Verdict

MANY = 10_000


def ledger(folder: Path, **policy: Any) -> Ledger:
    retrain = Retrain.model_validate({"cooldown": "14d", "max_per_month": 2, **policy})
    return Ledger(f"sqlite:///{folder / 'ledger.sqlite'}", retrain=retrain, model="m")


def ask(
    book: Ledger, day: float, *reasons: str, new_labels: int = MANY, force: bool = False
) -> Verdict:
    evidence = {"skill": 0.1}
    return book.decide(
        time=START + day * DAY,
        reasons=reasons,
        evidence=evidence,
        new_labels=new_labels,
        force=force,
    )


def run(book: Ledger, day: float, *reasons: str, took: float = 0.1) -> Verdict:
    verdict = ask(book, day, *reasons)
    assert verdict.decision == "run", verdict.why
    return book.finish(verdict.id, time=START + (day + took) * DAY, outcome="promoted", detail="")


def test_an_accepted_reason_starts_a_run_and_evidence_is_kept(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    verdict = ask(book, 0, "skill")
    assert (verdict.id, verdict.decision, verdict.outcome) == ("m-0001", "run", "")
    assert verdict.evidence["skill"] == 0.1
    assert ledger(tmp_path).all() == [verdict]


def test_a_reason_that_is_not_in_when_is_skipped_in_plain_words(tmp_path: Path) -> None:
    verdict = ask(ledger(tmp_path), 0, "drift")
    assert verdict.decision == "skip"
    assert verdict.why == "drift asked; retrain.when has calibration, skill, money"


def test_a_hundred_repeats_of_an_alert_are_one_run_and_few_rows(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    verdicts = [ask(book, hour / 24, "skill") for hour in range(100)]
    assert [item.decision for item in verdicts].count("run") == 1
    assert {item.decision for item in verdicts[1:]} == {"skip"}
    assert len(book.all()) == 1 + 5
    assert sum(1 + item.evidence["repeats"] for item in book.all()) == 100


def test_one_run_at_a_time_whatever_the_reason(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    ask(book, 0, "skill")
    assert ask(book, 1, "money").decision == "defer"
    assert ask(book, 1, "manual", force=True).decision == "defer"


def test_another_reason_waits_for_the_cooldown_after_the_end_of_a_run(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    run(book, 0, "skill", took=1)
    assert ask(book, 14, "money").decision == "defer"
    assert ask(book, 14, "skill").decision == "skip"
    assert ask(book, 15, "skill").decision == "run"


def test_too_few_new_labels_are_waited_for(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    verdict = ask(book, 0, "skill", new_labels=999)
    assert (verdict.decision, "999 new labels" in verdict.why) == ("defer", True)
    assert ask(book, 0, "skill", new_labels=1000).decision == "run"


def test_the_month_has_a_number_of_runs(tmp_path: Path) -> None:
    book = ledger(tmp_path, cooldown="0s")
    run(book, 1, "skill")
    run(book, 5, "skill")
    assert ask(book, 20, "skill").why.startswith("2 runs began this month")
    assert ask(book, 31, "skill").decision == "run"  # 1 February


def test_the_month_has_a_sum_of_money(tmp_path: Path) -> None:
    policy = {"cooldown": "0s", "max_per_month": 9, "cost_per_run": 40, "money_per_month": 100}
    book = ledger(tmp_path, **policy)
    run(book, 1, "skill")
    run(book, 2, "skill")
    verdict = ask(book, 3, "skill")
    assert verdict.decision == "skip"
    assert "120 this month, money_per_month is 100" in verdict.why


def test_a_person_need_not_wait_but_has_the_same_budget(tmp_path: Path) -> None:
    book = ledger(tmp_path, when=[])
    run(book, 0, "manual")
    second = ask(book, 1, "manual", new_labels=0)
    assert second.decision == "run"
    book.finish(second.id, time=START + DAY, outcome="failed", detail="")
    assert ask(book, 2, "manual").decision == "skip"
    assert ask(book, 2, "manual", force=True).decision == "run"


def test_the_schedule_is_due_every_so_often(tmp_path: Path) -> None:
    book = ledger(tmp_path, when=["schedule"], every="30d")
    assert book.due(START)
    assert not book.due(START + DAY, since=START)
    run(book, 31, "schedule")
    assert not book.due(START + 60 * DAY)
    assert book.due(START + 61 * DAY)
    assert not ledger(tmp_path).due(START + 999 * DAY)  # not in retrain.when


def test_an_end_is_recorded_once(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    ended = run(book, 0, "skill")
    assert (ended.outcome, ended.finished) == ("promoted", START + 0.1 * DAY)
    assert book.finish(ended.id, time=START + DAY, outcome="promoted", detail="again") == ended
    with pytest.raises(RefusedError, match="it ended promoted"):
        book.finish(ended.id, time=START, outcome="failed", detail="")
    with pytest.raises(ArtifactError, match="no run m-0009; did you mean m-0001"):
        book.finish("m-0009", time=START, outcome="failed", detail="")


def test_a_killed_run_can_be_abandoned(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    stale = ask(book, 0, "skill")
    assert book.abandon_stale(START + DAY, 2 * DAY) == []
    (ended,) = book.abandon_stale(START + 2 * DAY, 2 * DAY)
    assert (ended.id, ended.outcome) == (stale.id, "failed")
    assert ask(book, 3, "manual").decision == "run"
    with pytest.raises(RefusedError, match="abandoned"):
        book.finish(stale.id, time=START + 3 * DAY, outcome="promoted", detail="")


def test_models_in_one_database_do_not_meet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    for model in ("a", "b"):
        assert ask(Ledger(url, retrain=Retrain(), model=model), 0, "skill").decision == "run"


def test_the_database_itself_refuses_two_running(tmp_path: Path) -> None:
    ask(ledger(tmp_path), 0, "skill")
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(
            "INSERT INTO mdlc_verdicts SELECT model, 2, 'x', day, decision, rule, reasons,"
            " running, cost, verdict FROM mdlc_verdicts"
        )
    connection.close()


def test_a_time_has_a_zone_and_a_database_a_place(tmp_path: Path) -> None:
    ask_at = START.replace(tzinfo=None)
    with pytest.raises(DataError, match="no zone"):
        ledger(tmp_path).decide(time=ask_at, reasons=[], evidence={}, new_labels=0)
    with pytest.raises(ServiceError, match="does not answer"):
        ledger(tmp_path / "nowhere")


def contend(folder: Path, barrier: Any, results: Any, reasons: Sequence[str]) -> None:
    book = ledger(folder, cooldown="0s", max_per_month=99)
    for day in range(5):
        barrier.wait()
        verdict = ask(book, day, *reasons)
        results.put((day, verdict.decision))
        barrier.wait()
        if verdict.decision == "run":
            time = START + day * DAY + timedelta(hours=1)
            book.finish(verdict.id, time=time, outcome="refused", detail="")


@pytest.mark.parametrize("reasons", [("skill", "skill"), ("skill", "money")])
def test_processes_that_decide_at_once_start_one_run(
    tmp_path: Path, reasons: tuple[str, str]
) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=contend, args=(tmp_path, barrier, results, [reason]))
        for reason in reasons
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in range(10)]
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    for day in range(5):
        assert [decision for at, decision in found if at == day].count("run") == 1
