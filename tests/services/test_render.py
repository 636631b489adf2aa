"""What is rendered, read by the programs it is for."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from mdlc.core.files import write_bytes
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render.render_monitoring import write
from mdlc.monitoring.render.render_options import check_options
from tests.services.alertmanager import AMTOOL, alertmanager, needs_alertmanager
from tests.services.receivers import Http, Mail, http_receiver, mail_receiver, wait
from tests.services.test_notifications import alert, faster, now
from tests.unit.monitoring.render.lifecycles import EMAIL, EVERYONE, lifecycle

pytestmark = pytest.mark.services
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
needs_amtool = pytest.mark.skipif(AMTOOL is None, reason="amtool is not installed")


def render(out: Path, *lifecycles: Lifecycle, **options: Any) -> Path:
    write(lifecycles, options=check_options([one.name for one in lifecycles], **options), out=out)
    return out


def both(out: Path) -> Path:
    """Two lifecycles, told to everyone, with a trigger on another machine."""
    one = lifecycle(notify={**EVERYONE, "severity": "info"})
    two = lifecycle("digits", notify={"email": [EMAIL]})
    url, file = "https://trigger.example.org", "/run/secrets/trigger-token"
    return render(out, one, two, trigger_url=url, trigger_token_file=file)


def check(*command: str | Path | None) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_prometheus_takes_configuration_and_rules(tmp_path: Path) -> None:
    said = check(PROMTOOL, "check", "config", both(tmp_path) / "plain" / "prometheus.yaml")
    assert "2 rule files found" in said
    assert len(re.findall(r"SUCCESS: \d+ rules found", said)) == 2


@needs_promtool
def test_the_operators_rules_are_rules(tmp_path: Path) -> None:
    folder = both(tmp_path) / "operator"
    for path in sorted(folder.glob("*.prometheusrule.yaml")):
        rules = yaml.safe_load(path.read_text())["spec"]
        write_bytes(tmp_path / "rules.yaml", yaml.safe_dump(rules).encode())
        check(PROMTOOL, "check", "rules", tmp_path / "rules.yaml")


@needs_amtool
@pytest.mark.parametrize("people", [True, False])
@pytest.mark.parametrize("trigger", [True, False])
def test_alertmanager_takes_its_configuration(tmp_path: Path, people: bool, trigger: bool) -> None:
    one = lifecycle(notify=EVERYONE if people else None)
    url = "http://localhost:8090" if trigger else None
    said = check(
        AMTOOL, "check-config", render(tmp_path, one, trigger_url=url) / "plain/alertmanager.yaml"
    )
    assert f"{1 + people + trigger} receivers" in said
    assert "1 templates" in said


@needs_amtool
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("model=flights severity=critical reason=skill", "mdlc-trigger,flights-people"),
        ("model=flights severity=warning", "flights-people"),
        ("model=flights severity=info", "flights-people"),
        ("model=digits severity=critical", "digits-people"),
        ("model=digits severity=warning reason=drift", "mdlc-trigger,digits-people"),
        ("model=digits severity=info", "mdlc-nobody"),
        ("model=digits severity=info reason=drift", "mdlc-trigger"),
        ("model=another severity=critical reason=skill", "mdlc-nobody"),
        ("alertname=Watchdog", "mdlc-nobody"),
    ],
)
def test_each_alert_goes_to_its_receivers(tmp_path: Path, labels: str, receivers: str) -> None:
    file = both(tmp_path) / "plain" / "alertmanager.yaml"
    check(
        *(AMTOOL, "config", "routes", "test", f"--config.file={file}"),
        *(f"--verify.receivers={receivers}", *labels.split()),
    )


@needs_alertmanager
def test_the_operators_messages_are_the_plain_ones(tmp_path: Path) -> None:
    """An AlertmanagerConfig spells its templates out: filled in, they say the same."""
    with mail_receiver() as mail, http_receiver() as slack:
        write_bytes(tmp_path / "url", slack.url.encode())
        email = {**EMAIL, "smarthost": mail.smarthost, "require_tls": False}
        for key in ("username", "password_file"):
            email.pop(key)
        notify = {
            "email": [email],
            "slack": [{"channel": "#models", "url_file": str(tmp_path / "url")}],
        }
        folder = render(tmp_path, lifecycle(notify=notify), trigger_url="http://localhost:1")
        plain = yaml.safe_load((folder / "plain" / "alertmanager.yaml").read_text())
        made = (folder / "operator" / "flights-alerts.alertmanagerconfig.yaml").read_text()
        spelled = as_the_operator_does(plain, yaml.safe_load(made)["spec"], folder=tmp_path)
        sent = now(alert("FeatureDrift", subject="dep_hour", reason="drift"))
        said = []
        for number, config in enumerate((plain, spelled)):
            place = tmp_path / str(number)
            if config is plain:
                template = folder / "plain" / "templates" / "mdlc.tmpl"
                write_bytes(place / "templates" / "mdlc.tmpl", template.read_bytes())
            with alertmanager(faster(config), folder=place) as server:
                server.post(sent)
                wait(partial(_came, mail, slack, number))
                bodies = [part.get_content() for part in mail.mails[-1].iter_parts()]
                body = slack.calls[-1].body["attachments"][0]
                told = [mail.mails[-1]["Subject"], *bodies, body["text"], body["title"]]
                said.append([text.replace(server.url, "URL") for text in told])
        assert said[0] == said[1]
        assert "mdlc asks its trigger to retrain" in said[0][1]


def _came(mail: Mail, slack: Http, number: int) -> bool:
    return len(mail.mails) > number and len(slack.calls) > number


def as_the_operator_does(
    plain: dict[str, Any], spec: dict[str, Any], *, folder: Path
) -> dict[str, Any]:
    """The plain configuration with the texts that the operator's object has in their place."""
    config = copy.deepcopy(plain)
    del config["templates"]
    people = next(one for one in config["receivers"] if one["name"] == "flights-people")
    spelled = next(one for one in spec["receivers"] if one["name"] == "people")
    mail, slack = spelled["emailConfigs"][0], spelled["slackConfigs"][0]
    headers = {one["key"]: one["value"] for one in mail["headers"]}
    people["email_configs"][0] |= {"text": mail["text"], "html": mail["html"], "headers": headers}
    people["slack_configs"][0] |= {
        **{key: slack[key] for key in ("text", "title", "fallback", "color")},
        "title_link": slack["titleLink"],
    }
    return config
