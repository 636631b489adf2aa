"""Each alert about the service and the loop fires when it should, and not when it should not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdlc.monitoring.fake_predictor import START
from tests.unit.monitoring.rules.history import JOB, History, lifecycle

pytestmark = pytest.mark.services

MONITOR: dict[str, Any] = {"window": "30m", "long_window": "60m", "warm_up": "0s"}
RETRAIN = {"when": ["money"], "money_per_month": 100, "cost_per_run": 10}
TARGET = f'instance="a",job="{JOB}"'
TRIGGER = 'instance="t",job="mdlc-trigger"'
WARNING = {"severity": "warning"}


@pytest.fixture
def history(tmp_path: Path) -> History:
    spec = {"monitor": MONITOR, "retrain": RETRAIN, "deploy": {"canary": {}}}
    life = History(lifecycle(**spec), tmp_path)
    life.predictor.start(START)
    life.predictor.serve()
    return life


def over(history: History, ticks: int, **rising: tuple[float, float]) -> None:
    """Let ticks pass in which series (by keys of SERIES) go on from a value by so much a tick."""
    for _ in range(ticks):
        for key, (_, rise) in rising.items():
            history.others[SERIES[key]] = (history.others.get(SERIES[key]) or 0.0) + rise
        history.tick()


REQUESTS = f'{{model="m",protocol="v1",{TARGET}}}'
SERIES = {
    "requests": f"mdlc_request_seconds_count{REQUESTS}",
    "in_time": f'mdlc_request_seconds_bucket{{le="0.25",model="m",protocol="v1",{TARGET}}}',
    "internal": f'mdlc_request_errors_total{{model="m",reason="internal",{TARGET}}}',
    "invalid": f'mdlc_request_errors_total{{model="m",reason="invalid_input",{TARGET}}}',
    "unauthorized": f'mdlc_request_errors_total{{model="m",reason="unauthorized",{TARGET}}}',
    "lost": f'mdlc_payload_lost_total{{model="m",{TARGET}}}',
    "up": f"up{{{TARGET}}}",
    "runs": f'mdlc_retraining_runs_left{{model="m",{TRIGGER}}}',
    "money": f'mdlc_retraining_money_left{{model="m",currency="USD",{TRIGGER}}}',
    "in_a_row": f'mdlc_retraining_failures_in_a_row{{model="m",{TRIGGER}}}',
    "last": "mdlc_retraining_last_timestamp_seconds"
    f'{{model="m",outcome="promoted",version="7",{TRIGGER}}}',
    "rolled_back": f'mdlc_canary_rollbacks_total{{model="m",{TRIGGER}}}',
    "knocks": f'mdlc_trigger_requests_total{{source="alerts",outcome="unauthorized",{TRIGGER}}}',
    "failures": "prometheus_rule_evaluation_failures_total"
    '{rule_group="/etc/m.yaml;mdlc-m-signals",job="prometheus"}',
    "others": "prometheus_rule_evaluation_failures_total"
    '{rule_group="/etc/m.yaml;mdlc-m-2-signals",job="prometheus"}',
    "certificate": "certmanager_certificate_expiration_timestamp_seconds"
    '{name="m-predictor-tls",namespace="models"}',
    "foreign": "certmanager_certificate_expiration_timestamp_seconds"
    '{name="shop-tls",namespace="shop"}',
}


def test_failures_of_the_server_burn_the_budget_and_those_of_callers_do_not(
    history: History,
) -> None:
    for key in ("requests", "in_time", "internal", "invalid"):
        history.others[SERIES[key]] = 0.0
    over(history, 70, requests=(0, 100), in_time=(0, 100), invalid=(0, 50))
    history.alert("ErrorBudgetBurn")
    history.alert("LatencyBudgetBurn")
    over(history, 70, requests=(0, 100), in_time=(0, 100), internal=(0, 3))
    critical = [{"severity": "critical", "subject": span} for span in ("1h", "6h")]
    history.alert("ErrorBudgetBurn", *critical, {**WARNING, "subject": "3d"})
    history.alert("LatencyBudgetBurn")
    over(history, 40, requests=(0, 100), in_time=(0, 100))
    # The short windows are quiet again, so nobody is woken; the 6 hours still show it.
    history.alert("ErrorBudgetBurn", {**WARNING, "subject": "3d"})
    history.check()


def test_slow_answers_burn_the_budget(history: History) -> None:
    for key in ("requests", "in_time"):
        history.others[SERIES[key]] = 0.0
    over(history, 80, requests=(0, 100), in_time=(0, 70))
    critical = [{"severity": "critical", "subject": span} for span in ("1h", "6h")]
    history.alert("LatencyBudgetBurn", *critical, {**WARNING, "subject": "3d"})
    history.alert("ErrorBudgetBurn")
    history.check()


def test_one_failure_of_few_calls_wakes_nobody(history: History) -> None:
    for key in ("requests", "in_time", "internal"):
        history.others[SERIES[key]] = 0.0
    over(history, 10, requests=(0, 1), in_time=(0, 1))
    over(history, 1, requests=(0, 1), internal=(0, 1))
    over(history, 60, requests=(0, 1), in_time=(0, 1))
    history.alert("ErrorBudgetBurn")
    history.check()


def test_a_replica_that_is_down_and_then_all(history: History) -> None:
    history.others[SERIES["up"]] = 1.0
    history.others['up{instance="shop",job="shop"}'] = 0.0  # is not a replica of this model
    history.predictor.start(START, instance="b")
    history.predictor.serve(instance="b")
    history.tick(3)
    history.alert("PredictorDown")
    for key in list(history.predictor.counts):
        if dict(key[1]).get("instance") is None:
            del history.predictor.counts[key]
    history.others[SERIES["up"]] = 0.0
    history.tick(7)
    one = {**WARNING, "subject": "a"}
    history.alert("PredictorDown", one)
    history.predictor.counts.clear()
    history.tick(7)
    history.alert("PredictorDown", one, {"severity": "critical"})
    history.check()


def test_what_is_lost_or_refused(history: History) -> None:
    for key in ("lost", "unauthorized", "knocks", "failures", "others", "in_time"):
        history.others[SERIES[key]] = 0.0
    history.others[SERIES["runs"]] = 1.0
    history.tick(5)
    over(history, 3, others=(0, 1), unauthorized=(0, 1))
    for name in ("PayloadLost", "SecretRejected", "RulesFailing"):
        history.alert(name)
    over(history, 6, lost=(0, 1), unauthorized=(0, 4), knocks=(0, 4), failures=(0, 1))
    history.alert("PayloadLost", WARNING)
    by = [{**WARNING, "subject": what} for what in ("predictor", "trigger")]
    history.alert("SecretRejected", *by)
    history.alert("RulesFailing", {"severity": "critical", "subject": "mdlc-m-signals"})
    history.check()


def test_a_certificate_that_expires(history: History) -> None:
    history.others[SERIES["certificate"]] = 15 * 86400.0
    history.others[SERIES["foreign"]] = 86400.0
    history.tick(10)
    history.alert("CertificateExpiring")
    history.others[SERIES["certificate"]] = 13 * 86400.0
    history.tick(7)
    history.alert("CertificateExpiring", {**WARNING, "subject": "m-predictor-tls"})
    history.check()


def test_the_loop(history: History) -> None:
    history.others |= {SERIES["runs"]: 1.0, SERIES["money"]: 50.0, SERIES["in_a_row"]: 0.0}
    history.others[SERIES["rolled_back"]] = 0.0
    history.tick(8)
    names = (
        *("RetrainingFailing", "RetrainingBudgetSpent", "CanaryRolledBack", "TriggerDown"),
        "RetrainingEnded",
    )
    for name in names:
        history.alert(name)
    history.others |= {SERIES["runs"]: 0.0, SERIES["money"]: 9.0, SERIES["in_a_row"]: 2.0}
    history.others |= {SERIES["rolled_back"]: 1.0, SERIES["last"]: 480.0}
    history.tick(2)
    history.alert("RetrainingFailing", WARNING)
    by = [{**WARNING, "subject": what} for what in ("runs", "money")]
    history.alert("RetrainingBudgetSpent", *by)
    history.alert("CanaryRolledBack", WARNING)
    ended = {"outcome": "promoted", "severity": "info", "version": "7"}
    history.alert("RetrainingEnded", ended)
    history.tick(62)
    history.alert("RetrainingEnded")
    history.others |= {name: None for name in history.others if TRIGGER in name}
    history.tick(7)
    history.alert("TriggerDown", WARNING)
    history.check()
