"""The endpoints: who may ask, what is taken from a payload, when the answer is 200."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from mdlc.core.files import write_document
from mdlc.retraining.ledger import Ledger
from mdlc.state.release_documents import Pointer
from mdlc.state.watch_documents import Verdict
from mdlc.trigger.backends import RunReport
from mdlc.trigger.endpoints import TriggerService, create
from mdlc.trigger.lifecycle_entry import LifecycleEntry
from mdlc.trigger.request_counter import RequestCounter
from mdlc.trigger.run_follower import FollowTerms, RunFollower
from tests import tiny
from tests.services.triggered import alert

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Nowhere:
    """A backend whose runs never end by themselves."""

    def start(self, _verdict: Verdict) -> str:
        return ""

    def poll(self, _verdict: Verdict) -> RunReport | None:
        return None

    def kept(self, _verdict: Verdict) -> bool:
        return False

    def leave(self, _verdict: Verdict) -> None:
        pass

    def cancel(self, _verdict: Verdict) -> None:
        pass


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class Running:
    """An app over one lifecycle, asked without a network."""

    def __init__(self, folder: Path, *edits: tuple[str, str], token: str | None = None) -> None:
        self.clock = Clock()
        file = tiny.write_file(folder, *edits)
        self.watched = LifecycleEntry(file, home=None, clock=self.clock)
        pointer = Pointer(
            name="tiny", version="1", bundle="models/1", digest="d", since=NOW - timedelta(days=9)
        )
        write_document(self.watched.workspace.pointer, pointer)
        registry = CollectorRegistry()
        requests = RequestCounter(registry)
        terms = FollowTerms("me", 1.0)
        self.follower = RunFollower(
            lambda: [(self.watched, Nowhere())], terms=terms, requests=requests
        )
        service = TriggerService(
            lambda: {self.watched.name: self.watched},
            follower=self.follower,
            terms=terms,
            requests=requests,
            registry=registry,
        )
        self.app = create(service, requests=requests, token=token, local=token is None)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8090"
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(asked())

    def post(self, body: Any, path: str = "/v1/alerts", **options: Any) -> httpx.Response:
        return self.ask("POST", path, json=body, **options)

    @property
    def verdicts(self) -> list[Verdict]:
        return self.watched.ledger.all()

    def metric(self, line: str) -> float:
        found = [t for t in self.ask("GET", "/metrics").text.splitlines() if t.startswith(line)]
        assert len(found) == 1, (line, found)
        return float(found[0].rpartition(" ")[2])


RUNS = (
    ("max_per_month: 0", "max_per_month: 2\n    cooldown: 1d\n    cost_per_run: 40"),
    ("min_new_labels: 1", "min_new_labels: 1\n    money_per_month: 100"),
)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Running]:
    # Labels enough, without a payload log.
    from mdlc.life import retraining_request
    from mdlc.trigger import pending_reasons

    monkeypatch.delenv("MDLC_HOME", raising=False)
    labels = retraining_request.LabelStock(NOW, 500)
    for module in (retraining_request, pending_reasons):
        monkeypatch.setattr(module, "labels_of", lambda *_, **__: labels)
    return lambda *edits, **options: Running(tmp_path, *(edits or RUNS), **options)


def test_a_notification_starts_a_run_and_a_hundred_repeats_no_other(start) -> None:
    app = start()
    for number in range(100):
        answer = app.post(alert())
        assert answer.status_code == 200
        (verdict,) = answer.json()["verdicts"]
        assert verdict["decision"] == ("skip" if number else "run")
    assert [v.decision for v in app.verdicts] == ["run", "skip"]
    assert app.verdicts[0].evidence["alerts"][0]["text"] == "earns less than promised"


def test_the_answer_comes_after_the_commit_and_503_while_the_ledger_is_away(
    start, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start()
    path = app.watched.workspace.folder / "trigger.db"
    app.post(alert())
    kept = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    answer = app.post(alert())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert app.ask("GET", "/readyz").status_code == 503
    assert app.ask("GET", "/metrics").status_code == 503
    path.write_bytes(kept)
    assert app.post(alert()).status_code == 200
    assert app.metric('mdlc_trigger_requests_total{outcome="unavailable",source="alerts"}') == 1


def test_other_models_and_alerts_without_a_reason_are_accepted_and_ignored(start) -> None:
    app = start()
    for sent in (
        alert(model="other"),
        alert(reason="none of ours"),
        alert(reason="manual"),
        alert(reason="changed"),
        alert(status="resolved"),
    ):
        assert app.post(sent).json() == {"verdicts": []}
    assert app.verdicts == []


def test_an_alert_about_a_version_of_the_past_starts_nothing(start) -> None:
    app = start()
    assert app.post(alert(version="0")).json() == {"verdicts": []}
    assert app.post(alert(version="1")).json()["verdicts"][0]["decision"] == "run"


def test_text_of_a_payload_is_cut_and_stays_text(start) -> None:
    app = start()
    sent = alert(alertname="x" * 5000)
    sent["alerts"][0]["annotations"] = {"summary": "$(reboot) {{ now }} '; DROP TABLE" + "y" * 9999}
    assert app.post(sent).status_code == 200
    (kept,) = app.verdicts[0].evidence["alerts"]
    assert len(kept["name"]) == 100
    assert kept["text"].startswith("$(reboot) {{ now }} '; DROP TABLE")
    assert len(kept["text"]) == 500


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"version": "3", "alerts": []}', 400),
        (b'{"version": "4", "alerts": [{"status": "firing"}]}', 400),
        (b'{"version": "4", "alerts": [{"status": "maybe", "labels": {}}]}', 400),
        (b'{"version": "4", "alerts": [], "new_field": 1}', 200),
        (b'{"version": "4", "alerts": []' + b" " * 1_000_000 + b"}", 413),
    ],
)
def test_bodies_are_checked(start, body: bytes, status: int) -> None:
    app = start()
    kind = {"content-type": "application/json"}
    answer = app.ask("POST", "/v1/alerts", content=body, headers=kind)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert "\n" not in answer.json()["error"]
        outcome = "too_large" if status == 413 else "invalid"
        line = f'mdlc_trigger_requests_total{{outcome="{outcome}",source="alerts"}}'
        assert app.metric(line) == 1


def test_a_page_in_a_browser_cannot_post(start) -> None:
    app = start()
    plain = app.ask("POST", "/v1/retrain", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    rebound = app.post({"model": "tiny"}, "/v1/retrain", headers={"host": "evil.example:8090"})
    assert rebound.status_code == 403


def test_a_token_is_asked_of_all_but_health_and_metrics(start) -> None:
    app = start(*RUNS, token="s3cret")
    right = {"authorization": "Bearer s3cret"}
    for wrong in ({}, {"authorization": "Bearer s3cre"}, {"authorization": "Basic s3cret"}):
        assert app.post(alert(), headers=wrong).status_code == 401
        assert app.ask("GET", "/v1/verdicts?model=tiny", headers=wrong).status_code == 401
    assert app.verdicts == []
    assert app.post(alert(), headers=right).status_code == 200
    assert len(app.ask("GET", "/v1/verdicts?model=tiny", headers=right).json()["verdicts"]) == 1
    for path in ("/healthz", "/readyz", "/metrics"):
        assert app.ask("GET", path).status_code == 200
    assert app.metric('mdlc_trigger_requests_total{outcome="unauthorized",source="alerts"}') == 3


def test_alerts_are_asked_for_again_until_it_is_known_what_serves(start) -> None:
    """The trigger copies that from the object store; Alertmanager does not repeat after a 409."""
    app = start()
    pointer = app.watched.workspace.pointer
    kept = pointer.rename(pointer.with_suffix(".away"))
    answer = app.post(alert())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert app.verdicts == []
    kept.rename(pointer)
    assert app.post(alert()).json()["verdicts"][0]["decision"] == "run"


def test_a_person_asks(start) -> None:
    app = start()
    answer = app.post({"model": "tiny", "why": "new terms"}, "/v1/retrain")
    assert (answer.status_code, answer.json()["decision"]) == (202, "run")
    assert app.verdicts[0].evidence["why"] == "new terms"
    assert app.post({"model": "tiny", "force": True}, "/v1/retrain").status_code == 409
    assert app.post({"model": "tin"}, "/v1/retrain").status_code == 404
    assert app.post({"model": "tiny", "forced": True}, "/v1/retrain").status_code == 400


def test_a_deferred_alert_starts_when_it_may_without_a_repeat(start) -> None:
    app = start(("max_per_month: 0", "max_per_month: 2\n    cooldown: 1h\n    " + QUIET))
    assert app.post(alert()).json()["verdicts"][0]["rule"] == "quiet"
    for minute in range(0, 60, 10):
        app.clock.now = NOW + timedelta(minutes=minute)
        app.follower.look()
    assert [v.rule for v in app.verdicts] == ["quiet"]
    app.clock.now = NOW + timedelta(hours=1)
    app.follower.look()
    assert [v.decision for v in app.verdicts] == ["defer", "run"]


QUIET = "quiet: [{start: '08:00', end: '13:00'}]"


def test_a_resolved_alert_starts_nothing_later(start) -> None:
    app = start(("max_per_month: 0", "max_per_month: 2\n    " + QUIET))
    app.post(alert())
    app.post(alert(status="resolved"))
    app.clock.now = NOW + timedelta(hours=2)
    app.follower.look()
    assert [v.decision for v in app.verdicts] == ["defer"]


def test_schedule_and_labels_ask_by_themselves(start) -> None:
    when = "max_per_month: 2\n    when: [schedule, labels]\n    every: 10d\n    labels: 501"
    app = start(("max_per_month: 0", when))
    app.follower.look()
    assert app.verdicts == []
    app.clock.now = NOW + timedelta(days=1)
    app.follower.look()
    assert app.verdicts[0].reasons == ["schedule"]
    assert app.metric('mdlc_trigger_requests_total{outcome="accepted",source="schedule"}') == 1


def test_enough_labels_are_a_reason(start) -> None:
    app = start(("max_per_month: 0", "max_per_month: 2\n    when: [labels]\n    labels: 500"))
    app.follower.look()
    assert app.verdicts[0].reasons == ["labels"]


def test_a_changed_file_is_a_reason_once_and_an_invalid_one_an_error(start) -> None:
    app = start(("max_per_month: 0", "max_per_month: 2\n    cooldown: 0s\n    when: [changed]"))
    app.follower.look()
    assert app.verdicts == []  # nothing is known to compare with
    app.post({"model": "tiny"}, "/v1/retrain")
    app.watched.ledger.finish("tiny-0001", time=NOW, outcome="refused", detail="")
    file = app.watched.file
    whole = file.read_text()
    file.write_text(whole.replace("bought: 2.0", "bought: two"))
    app.follower.look()
    app.follower.look()
    assert app.metric('mdlc_trigger_requests_total{outcome="invalid",source="changed"}') == 1
    assert len(app.verdicts) == 1
    file.write_text(whole.replace("min_new_labels: 1", "min_new_labels: 2"))
    app.follower.look()
    assert len(app.verdicts) == 1  # no model depends on it
    file.write_text(whole.replace("bought: 2.0", "bought: 3.0"))
    app.follower.look()
    assert app.verdicts[1].reasons == ["changed"]
    app.watched.ledger.finish("tiny-0002", time=NOW, outcome="failed", detail="")
    app.follower.look()
    assert len(app.verdicts) == 2  # decided on already


def test_metrics_come_from_the_ledger_and_survive_a_restart(start, tmp_path: Path) -> None:
    app = start()
    app.post(alert())
    run = app.verdicts[0]
    app.watched.ledger.claim("me", NOW, lease=timedelta(minutes=1))
    app.clock.now = NOW + timedelta(minutes=5)
    app.watched.ledger.finish(run.id, time=app.clock.now, outcome="failed", detail="", version="")
    app.post(alert())
    lines = {
        'mdlc_trigger_decisions_total{decision="run",model="tiny",rule="ok"}': 1,
        'mdlc_trigger_decisions_total{decision="skip",model="tiny",rule="duplicate"}': 1,
        'mdlc_retrainings_total{model="tiny",outcome="failed"}': 1,
        'mdlc_retrainings_total{model="tiny",outcome="promoted"}': 0,
        'mdlc_retraining_attempts_total{model="tiny"}': 1,
        'mdlc_retraining_running{model="tiny"}': 0,
        'mdlc_retraining_failures_in_a_row{model="tiny"}': 1,
        'mdlc_retraining_runs_left{model="tiny"}': 1,
        'mdlc_retraining_money_left{currency="USD",model="tiny"}': 60,
        'mdlc_retraining_seconds{model="tiny"}': 300,
        "mdlc_retraining_last_timestamp_seconds": app.clock.now.timestamp(),
        "mdlc_trigger_last_decision_timestamp_seconds": app.clock.now.timestamp(),
        'mdlc_promotions_total{model="tiny"}': 0,
    }
    assert {line: app.metric(line) for line in lines} == lines
    again = Running(tmp_path, *RUNS)
    again.clock.now = app.clock.now
    assert {line: again.metric(line) for line in lines} == lines


def test_without_a_bound_no_money_is_left_to_show(start) -> None:
    app = start(("max_per_month: 0", "max_per_month: 2"))
    assert "mdlc_retraining_money_left{" not in app.ask("GET", "/metrics").text


def test_the_ledger_is_asked_for_its_own_clock_not_the_alerts(start) -> None:
    app = start()
    sent = alert()
    sent["alerts"][0]["startsAt"] = "2099-01-01T00:00:00Z"
    app.post(sent)
    assert app.verdicts[0].time == NOW
    app.clock.now = NOW - timedelta(days=300)
    app.post(alert(reason="skill"))
    assert app.verdicts[1].time == NOW
    assert isinstance(app.watched.ledger, Ledger)
