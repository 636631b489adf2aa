"""A real Alertmanager with the rendered configuration tells people and asks the trigger."""

from __future__ import annotations

import copy
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.files import write_bytes
from mdlc.monitoring.render import alertmanager_config as rendering
from mdlc.monitoring.render import message_templates
from mdlc.monitoring.render.render_options import check_options
from mdlc.monitoring.render.yaml_text import to_yaml
from tests.services.alertmanager import Alertmanager, alertmanager, needs_alertmanager
from tests.services.receivers import Http, Mail, http_receiver, mail_receiver, wait
from tests.unit.monitoring.render.lifecycles import lifecycle

pytestmark = [pytest.mark.services, needs_alertmanager]
TOKEN, HOOK_TOKEN, PASSWORD = "trigger-t0ken", "hook-t0ken", "smtp-p4ssword"
QUIET = 2.5
"""Seconds after which something that would have come, has; groups wait one."""


@dataclass
class Stage:
    """All that a test needs: the Alertmanager, and those who are told."""

    server: Alertmanager
    trigger: Http
    hook: Http
    slack: Http
    mail: Mail
    folder: Path

    def asked(self) -> list[dict[str, Any]]:
        return [call.body for call in self.trigger.calls]

    def text(self, number: int = -1) -> str:
        part = self.mail.mails[number].get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    def html(self, number: int = -1) -> str:
        part = self.mail.mails[number].get_body(("html",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


def faster(config: dict[str, Any]) -> dict[str, Any]:
    """The same configuration with groups that wait a second and not half a minute."""
    quick = copy.deepcopy(config)
    quick["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    return quick


@contextmanager
def stage(
    folder: Path,
    *,
    severity: str = "warning",
    names: tuple[str, ...] = ("flights",),
    login: bool = False,
    trigger: bool = True,
) -> Iterator[Stage]:
    tls, client = (server_certificate(folder), {"username": "mdlc"}) if login else (None, {})
    files = {"token": TOKEN, "hook-token": HOOK_TOKEN, "password": PASSWORD}
    with ExitStack() as stack:
        hook, slack, triggered = (stack.enter_context(http_receiver()) for _ in range(3))
        password = ("mdlc", PASSWORD) if login else None
        mail = stack.enter_context(mail_receiver(login=password, tls=tls))
        for name, secret in {**files, "slack-url": f"{slack.url}/services/T0/B0"}.items():
            write_bytes(folder / name, secret.encode())
        receiver = {
            "to": ["ada@example.org", "ben@example.org"],
            "sender": "mdlc@example.org",
            "smarthost": mail.smarthost,
            "require_tls": login,
            **client,
            **({"password_file": str(folder / "password")} if login else {}),
        }
        notify = {
            "severity": severity,
            "email": [receiver],
            "slack": [{"channel": "#models", "url_file": str(folder / "slack-url")}],
            "webhook": [{"url": hook.url, "token_file": str(folder / "hook-token")}],
        }
        options = check_options(
            names,
            trigger_url=triggered.url if trigger else None,
            trigger_token_file=str(folder / "token") if trigger else None,
        )
        lifecycles = [lifecycle(name, notify=notify) for name in names]
        config = faster(rendering.config(lifecycles, options=options))
        if login:
            for email in config["receivers"][2]["email_configs"]:
                email["tls_config"] = {"ca_file": str(folder / "ca.pem")}
        write_bytes(folder / "alertmanager.yaml", to_yaml(config))
        write_bytes(
            folder / rendering.TEMPLATE, message_templates.templates(trigger=trigger).encode()
        )
        server = stack.enter_context(alertmanager(folder / "alertmanager.yaml", folder=folder))
        yield Stage(server, triggered, hook, slack, mail, folder)


def alert(name: str, *, model: str = "flights", **labels: str) -> dict[str, Any]:
    """An alert as the rendered rules send it."""
    chosen = {"severity": "warning", "version": "12", **labels}
    return {
        "labels": {"alertname": name, "model": model, **chosen},
        "annotations": {
            "summary": f"{name} of {model}: 0.31 > 0.25 & rising",
            "description": "The population stability index is 0.31, the bound 0.25, since 3 days.",
            "runbook_url": f"https://docs.example.org/alerts.md#{name.lower()}",
            "dashboard": "https://grafana.example.org/d/flights?from=now-7d&to=now",
        },
    }


def now(sent: dict[str, Any]) -> dict[str, Any]:
    """The alert, firing from now on: an older one would not wait for its group."""
    moment = datetime.now(UTC)
    ends = moment + timedelta(minutes=10)
    return {**sent, "startsAt": moment.isoformat(), "endsAt": ends.isoformat()}


def test_each_way_of_telling_gets_the_whole_message(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        sent = now(alert("FeatureDrift", subject="dep_hour", reason="drift"))
        on.server.post(sent)
        wait(lambda: on.mail.mails and on.slack.calls and on.hook.calls and on.trigger.calls)
        since = datetime.fromisoformat(sent["startsAt"]).strftime("%-d %b %Y %H:%M UTC")
        silence = f"{on.server.url}/#/silences/new?filter=%7Balertname%3D%22FeatureDrift%22"

        mail, text, html = on.mail.mails[0], on.text(), on.html()
        assert mail["Subject"] == "warning: flights version 12: FeatureDrift (dep_hour)"
        assert mail["From"] == "mdlc@example.org"
        assert on.mail.recipients == [["ada@example.org", "ben@example.org"]]
        for part in (
            "FeatureDrift of flights: 0.31 > 0.25 & rising\n",
            "The population stability index is 0.31, the bound 0.25, since 3 days.\n",
            f"Firing since {since}, version 12.\n",
            "mdlc asks its trigger to retrain (reason: drift); cooldown, budget",
            "What to do: https://docs.example.org/alerts.md#featuredrift\n",
            "Dashboard: https://grafana.example.org/d/flights?from=now-7d&to=now\n",
            f"Silence it: {silence}%2C%20model%3D%22flights%22%7D",
        ):
            assert part in text, text
        for part in (
            "<b>FeatureDrift of flights: 0.31 &gt; 0.25 &amp; rising</b>",
            "The population stability index is 0.31, the bound 0.25, since 3 days.",
            f"Firing since {since}, version 12.",
            "mdlc asks its trigger to retrain (reason: drift)",
            '<a href="https://docs.example.org/alerts.md#featuredrift">What to do</a>',
            'href="https://grafana.example.org/d/flights?from=now-7d&amp;to=now">Dashboard<',
            f'<a href="{silence}%2C%20model%3D%22flights%22%7D">Silence it</a>',
            "<title>warning: flights version 12: FeatureDrift (dep_hour)</title>",
        ):
            assert part in html, html
        assert "ZgotmplZ" not in html
        assert len(text) < 900, "too long for a phone"

        slack = on.slack.calls[0]
        assert slack.path == "/services/T0/B0"
        assert slack.body["channel"] == "#models"
        message = slack.body["attachments"][0]
        assert message["title"] == "warning: flights version 12: FeatureDrift (dep_hour)"
        assert message["color"] == "warning"
        for part in (
            "*FeatureDrift of flights: 0.31 &gt; 0.25 &amp; rising*",
            "the bound 0.25",
            f"Firing since {since}, version 12. mdlc asks its trigger",
            "<https://docs.example.org/alerts.md#featuredrift|What to do>",
            "<https://grafana.example.org/d/flights?from=now-7d&to=now|Dashboard>",
            f"<{silence}%2C%20model%3D%22flights%22%7D|Silence it>",
        ):
            assert part in message["text"], message["text"]

        hook = on.hook.calls[0]
        assert hook.headers["Authorization"] == f"Bearer {HOOK_TOKEN}"
        assert hook.body["version"] == "4"
        assert hook.body["alerts"][0]["labels"] == sent["labels"]

        asked = on.trigger.calls[0]
        assert asked.path == "/v1/alerts"
        assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
        assert asked.body["version"] == "4"
        assert asked.body["status"] == "firing"
        assert asked.body["alerts"][0]["labels"]["reason"] == "drift"


def test_everyone_hears_that_it_is_over(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        sent = alert("SkillLow", reason="skill", severity="critical")
        on.server.post(sent)
        wait(lambda: on.mail.mails and on.slack.calls and on.hook.calls and on.trigger.calls)
        assert on.mail.mails[0]["Subject"] == "critical: flights version 12: SkillLow"
        assert on.slack.calls[0].body["attachments"][0]["color"] == "danger"
        on.server.resolve(sent)
        wait(lambda: all(len(x) > 1 for x in (on.mail.mails, on.slack.calls, on.hook.calls)))
        wait(lambda: len(on.trigger.calls) > 1)
        assert on.mail.mails[1]["Subject"] == "resolved: flights version 12: SkillLow"
        assert "stood since" in on.text()
        assert "Resolved " in on.html()
        assert "Silence" not in on.text() + on.html()
        assert on.slack.calls[1].body["attachments"][0]["color"] == "good"
        assert on.asked()[1]["status"] == "resolved"
        assert on.hook.calls[1].body["status"] == "resolved"


def test_fifty_of_a_kind_are_one_message(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        many = [alert("FeatureDrift", subject=f"f{n:02}", reason="drift") for n in range(50)]
        on.server.post(*map(now, many))
        wait(lambda: on.mail.mails and on.trigger.calls and on.slack.calls)
        time.sleep(QUIET)
        assert [mail["Subject"] for mail in on.mail.mails] == [
            "warning: flights version 12: FeatureDrift (50)"
        ]
        assert on.text().count("The population stability index") == message_templates.SHOWN
        assert "5 of 50 are shown; all of them: http" in on.text()
        assert len(on.slack.calls) == len(on.trigger.calls) == 1
        assert len(on.asked()[0]["alerts"]) == 50


def test_reasons_come_to_the_trigger_together_and_nothing_else_does(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.server.post(
            now(alert("SkillLow", reason="skill", severity="critical")),
            now(alert("CalibrationOff", reason="calibration", subject="late")),
            now(alert("LabelsLate")),
        )
        wait(lambda: len(on.mail.mails) == 3 and on.trigger.calls)
        time.sleep(QUIET)
        assert len(on.trigger.calls) == 1
        told = {one["labels"]["alertname"] for one in on.asked()[0]["alerts"]}
        assert told == {"SkillLow", "CalibrationOff"}
        texts = [on.text(number) for number in range(3)]
        assert sum("mdlc does nothing about it by itself." in text for text in texts) == 1


def told(on: Stage) -> set[tuple[str, str]]:
    """Name and subject of each alert that people were told of."""
    labels = [one["labels"] for call in on.hook.calls for one in call.body["alerts"]]
    return {(one["alertname"], one.get("subject", "")) for one in labels}


@pytest.mark.parametrize(
    ("alerts", "expected", "asked"),
    [
        pytest.param(
            [
                alert("FeatureDrift", subject="a", reason="drift"),
                alert("FeatureDrift", subject="a"),
                alert("FeatureDrift", subject="b"),
            ],
            {("FeatureDrift", "a"), ("FeatureDrift", "b")},
            1,
            id="the higher bound silences the lower one, of the same feature",
        ),
        pytest.param(
            [
                alert("PredictorDown", severity="critical", version=""),
                alert("PredictorDown", severity="warning", version="", subject="a:8080"),
                alert("SkillLow", severity="critical", reason="skill"),
                alert("LabelsLate"),
                alert("ErrorBudgetBurn", severity="critical", version=""),
                alert("SkillLow", severity="critical", reason="skill", model="digits"),
            ],
            {("PredictorDown", ""), ("ErrorBudgetBurn", ""), ("SkillLow", "")},
            1,
            id="without a predictor quality is no news, but what callers see is",
        ),
        pytest.param(
            [
                alert("PredictorDown", severity="warning", version="", subject="a:8080"),
                alert("SkillLow", severity="critical", reason="skill"),
            ],
            {("PredictorDown", "a:8080"), ("SkillLow", "")},
            1,
            id="that a replica is away says nothing about the others",
        ),
        pytest.param(
            [
                alert("FeedbackMissing"),
                alert("LabelsLate"),
                alert("NotEnoughData", subject="labels", severity="info"),
                alert("NotEnoughData", subject="predictions", severity="info"),
            ],
            {("FeedbackMissing", ""), ("NotEnoughData", "predictions")},
            0,
            id="no labels at all are late and too few",
        ),
        pytest.param(
            [
                alert("SchemaChanged", subject="a"),
                alert("FeatureDrift", subject="a", reason="drift"),
                alert("FeatureDrift", subject="b", reason="drift"),
            ],
            {("SchemaChanged", "a"), ("FeatureDrift", "b")},
            1,
            id="a broken input starts no retraining",
        ),
        pytest.param(
            [
                alert("LatencyBudgetBurn", severity="critical"),
                alert("LatencyBudgetBurn", severity="warning"),
                alert("ErrorBudgetBurn", severity="warning"),
            ],
            {("LatencyBudgetBurn", ""), ("ErrorBudgetBurn", "")},
            0,
            id="a fast burn is a slow one too",
        ),
    ],
)
def test_inhibition(
    tmp_path: Path, alerts: list[dict[str, Any]], expected: set[tuple[str, str]], asked: int
) -> None:
    with stage(tmp_path, severity="info", names=("flights", "digits")) as on:
        on.server.post(*map(now, alerts))
        wait(lambda: told(on) >= expected)
        time.sleep(QUIET)
        assert told(on) == expected
        reasons = [one for body in on.asked() for one in body["alerts"]]
        assert len(reasons) == asked
        muted = [one for one in on.server.alerts() if one["status"]["inhibitedBy"]]
        groups = {tuple(sorted(one["labels"].items())) for one in muted}
        assert len(alerts) - len(groups) == sum(len(c.body["alerts"]) for c in on.hook.calls)


def test_severity_decides_who_is_told(tmp_path: Path) -> None:
    with stage(tmp_path, severity="critical") as on:
        on.server.post(
            alert("LabelsLate"),
            alert("FeatureDrift", subject="a", reason="drift"),
            alert("MoneyLow", severity="critical"),
        )
        wait(lambda: on.hook.calls and on.trigger.calls)
        time.sleep(QUIET)
        assert told(on) == {("MoneyLow", "")}
        assert len(on.asked()) == 1, "the trigger is asked, whoever else is told"


def test_without_a_trigger_the_message_says_so(tmp_path: Path) -> None:
    with stage(tmp_path, trigger=False) as on:
        on.server.post(alert("SkillLow", reason="skill", severity="critical"))
        wait(lambda: on.mail.mails)
        assert "no trigger is connected: run mdlc retrain." in on.text()
        assert not on.trigger.calls


def test_what_mdlc_did_is_in_the_message(tmp_path: Path) -> None:
    with stage(tmp_path, severity="info") as on:
        ended = alert("RetrainingEnded", severity="info", version="13")
        ended["annotations"]["description"] = "The retraining was promoted: version 13 serves."
        on.server.post(ended)
        wait(lambda: on.mail.mails)
        assert on.mail.mails[0]["Subject"] == "info: flights version 13: RetrainingEnded"
        assert "The retraining was promoted: version 13 serves.\n" in on.text()
        assert "mdlc has acted: see above." in on.text()


def test_relative_links_are_text_and_hostile_ones_do_not_become_links(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        sent = alert("LabelsLate")
        sent["annotations"] |= {
            "summary": "<script>alert(1)</script>",
            "runbook_url": "docs/alerts.md#labelslate",
            "dashboard": "javascript:alert(1)",
        }
        on.server.post(sent)
        wait(lambda: on.mail.mails and on.slack.calls)
        assert "What to do: docs/alerts.md#labelslate" in on.html()
        assert "<script>" not in on.html()
        assert 'href="javascript' not in on.html()
        assert "<script>" not in on.slack.calls[0].body["attachments"][0]["text"]


def test_a_trigger_that_is_away_is_asked_again(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.trigger.status = 503
        on.server.post(alert("SkillLow", reason="skill", severity="critical"))
        wait(lambda: on.trigger.calls)
        on.trigger.status = 200
        seen = len(on.trigger.calls)
        wait(lambda: len(on.trigger.calls) > seen)
        assert on.asked()[-1]["alerts"][0]["labels"]["alertname"] == "SkillLow"


def server_certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that signs itself (ca.pem), and a server's use of it."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def test_mail_with_a_password_goes_over_tls(tmp_path: Path) -> None:
    with stage(tmp_path, login=True) as on:
        on.server.post(alert("LabelsLate"))
        wait(lambda: on.mail.mails)
        assert on.mail.logins == [("mdlc", PASSWORD)]
        assert on.mail.encrypted == [True]


def test_mail_is_refused_without_tls(tmp_path: Path) -> None:
    """require_tls is the file's default: a server without STARTTLS gets neither mail nor login."""
    with mail_receiver() as mail:
        email = {"to": ["a@example.org"], "sender": "m@example.org", "smarthost": mail.smarthost}
        one = lifecycle(notify={"email": [email]})
        options = check_options(["flights"])
        config = faster(rendering.config([one], options=options))
        write_bytes(tmp_path / "alertmanager.yaml", to_yaml(config))
        write_bytes(
            tmp_path / rendering.TEMPLATE, message_templates.templates(trigger=False).encode()
        )
        with alertmanager(tmp_path / "alertmanager.yaml", folder=tmp_path) as server:
            server.post(alert("LabelsLate"))
            wait(lambda: "does not advertise the STARTTLS extension" in server.log.read_text())
        assert mail.mails == []
