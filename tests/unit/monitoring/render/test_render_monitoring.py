"""What `mdlc render monitoring` writes: complete, the same each time, without a secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mdlc.core.errors import MdlcError, SpecError, StorageError
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render import alert_routing, operator_objects, render_monitoring
from mdlc.monitoring.render.render_monitoring import render, write
from mdlc.monitoring.render.render_options import RenderOptions, check_options
from tests.unit.monitoring.render import kubernetes
from tests.unit.monitoring.render.lifecycles import EMAIL, EVERYONE, lifecycle

TOKEN = "/run/secrets/trigger-token"


def rendered(*lifecycles: Lifecycle, **options: Any) -> dict[str, bytes]:
    return render(lifecycles, options=check_options([one.name for one in lifecycles], **options))


def everything(**options: Any) -> dict[str, bytes]:
    trigger = {"trigger_url": "https://trigger.example.org", "trigger_token_file": TOKEN}
    one, two = lifecycle(notify=EVERYONE), lifecycle("digits", notify={"email": [EMAIL]})
    return rendered(one, two, **{**trigger, **options})


def objects(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [yaml.safe_load(c) for name, c in files.items() if name.startswith("operator/")]


def by_kind(files: dict[str, bytes], kind: str) -> dict[str, dict[str, Any]]:
    return {o["metadata"]["name"]: o for o in objects(files) if o["kind"] == kind}


def test_the_same_files_each_time_whatever_their_order() -> None:
    one, two = lifecycle(), lifecycle("digits")
    assert rendered(one, two) == rendered(two, one)
    assert list(everything().items()) == list(everything().items())


def test_targets_are_written_alone_or_together() -> None:
    both = set(everything())
    plain, cluster = set(everything(target="plain")), set(everything(target="operator"))
    assert plain | cluster == both
    assert plain & cluster == {"README.md"}


def test_every_object_is_what_the_operator_knows() -> None:
    files = everything(namespace="models", grafana_folder="Models")
    made = objects(files)
    assert {one["kind"] for one in made} == set(kubernetes.KINDS)
    for one in made:
        kubernetes.check(one)
        assert one["metadata"]["namespace"] == "models"
    names = [(one["kind"], one["metadata"]["name"]) for one in made]
    assert len(names) == len(set(names))


def test_the_check_of_objects_can_fail() -> None:
    monitor = by_kind(everything(), "PodMonitor")["flights-predictor"]
    monitor["spec"]["podMetricsEndpoints"][0]["scrape_interval"] = "15s"
    with pytest.raises(ValueError, match="scrape_interval"):
        kubernetes.check(monitor)


def test_operator_and_plain_have_the_same_rules_and_dashboards() -> None:
    files = everything(namespace="models")
    for name in ("flights", "digits"):
        plain = yaml.safe_load(files[f"plain/rules/{name}.rules.yaml"])
        groups = by_kind(files, "PrometheusRule")[f"{name}-rules"]["spec"]["groups"]
        for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
            assert rule["labels"].pop("namespace") == "models"
        assert groups == plain["groups"]
    plain_boards = {
        Path(name).name: json.loads(content)
        for name, content in files.items()
        if name.startswith("plain/dashboards/")
    }
    maps = by_kind(files, "ConfigMap").values()
    assert {k: json.loads(v) for one in maps for k, v in one["data"].items()} == plain_boards
    assert len(plain_boards) >= 2
    assert all(one["metadata"]["labels"]["grafana_dashboard"] == "1" for one in maps)


def test_grafana_folder_is_an_annotation() -> None:
    maps = by_kind(everything(grafana_folder="Our models"), "ConfigMap").values()
    assert {one["metadata"]["annotations"]["grafana_folder"] for one in maps} == {"Our models"}


def test_the_namespace_is_the_files_own() -> None:
    own = lifecycle(metadata={"namespace": "flights-prod"})
    assert {o["metadata"]["namespace"] for o in objects(rendered(own))} == {"flights-prod"}
    bare = objects(rendered(lifecycle()))
    assert {o["metadata"]["namespace"] for o in bare} == {"default"}


def test_secrets_are_named_and_never_read(tmp_path: Path) -> None:
    secrets = {"password_file": "p4ss", "url_file": "https://hooks/T0", "token_file": "t0ken"}
    paths = {key: tmp_path / key for key in secrets}
    for key, path in paths.items():
        path.write_text(secrets[key])
    notify = {
        "email": [{**EMAIL, "password_file": str(paths["password_file"])}],
        "slack": [{"channel": "#m", "url_file": str(paths["url_file"])}],
        "webhook": [{"url": "https://h.example.org", "token_file": str(paths["token_file"])}],
    }
    files = rendered(
        lifecycle(notify=notify),
        trigger_url="https://t.example.org",
        trigger_token_file=str(paths["token_file"]),
    )
    text = b"\n".join(files.values()).decode()
    assert not [secret for secret in secrets.values() if secret in text]
    assert not re.search(r"auth_password:|credentials: \w|api_url:|bearer_token:", text)
    config = by_kind(files, "AlertmanagerConfig")["flights-alerts"]
    assert "_file" not in json.dumps(config).replace(str(tmp_path), "")
    # Two settings that name one file share a key.
    assert "--from-file=token-file=" in files["README.md"].decode()
    assert files["README.md"].decode().count("--from-file") == 3


def test_two_secret_files_of_one_name_get_two_keys() -> None:
    emails = [{**EMAIL, "password_file": f"/run/{place}/password"} for place in "ab"]
    files = rendered(lifecycle(notify={"email": emails}), target="operator")
    receivers = by_kind(files, "AlertmanagerConfig")["flights-alerts"]["spec"]["receivers"]
    found = [one["authPassword"] for one in receivers[-1]["emailConfigs"]]
    assert found == [
        {"name": "flights-notify", "key": "password"},
        {"name": "flights-notify", "key": "password-2"},
    ]
    text = files["README.md"].decode()
    assert "flights-notify -n default --from-file=password=/run/a/password" in text


def test_without_people_and_trigger_nobody_is_told_and_the_readme_says_so() -> None:
    files = rendered(lifecycle())
    config = yaml.safe_load(files["plain/alertmanager.yaml"])
    assert [one["name"] for one in config["receivers"]] == ["mdlc-nobody"]
    assert "routes" not in config["route"]["routes"][0]
    assert by_kind(files, "AlertmanagerConfig") == {}
    assert b"mdlc-trigger" not in files["plain/prometheus.yaml"] + files["plain/alertmanager.yaml"]
    assert "operator/mdlc-trigger.podmonitor.yaml" not in files
    assert b"alert: TriggerDown" not in files["plain/rules/flights.rules.yaml"]
    assert b"alert: TriggerDown" in everything()["plain/rules/flights.rules.yaml"]
    text = files["README.md"].decode()
    assert "Nobody is asked to retrain" in text
    assert "Nobody is told of alerts of flights" in text


def test_the_trigger_is_asked_by_a_route_that_goes_on() -> None:
    files = rendered(lifecycle(notify=EVERYONE), trigger_url="http://localhost:8090")
    config = yaml.safe_load(files["plain/alertmanager.yaml"])
    first, *others = config["route"]["routes"][0]["routes"]
    assert first["receiver"] == "mdlc-trigger"
    assert first["continue"] is True
    assert [one["matchers"] for one in others] == [['severity="critical"'], ['severity="warning"']]
    hook = config["receivers"][1]["webhook_configs"][0]
    assert hook == {"url": "http://localhost:8090/v1/alerts", "send_resolved": True}


@pytest.mark.parametrize("severity", alert_routing.SEVERITIES)
def test_people_hear_of_their_severity_and_above(severity: str) -> None:
    one = lifecycle(notify={**EVERYONE, "severity": severity})
    told = [str(way.matchers[0]) for way in alert_routing.branches(one, trigger=False)]
    above = alert_routing.SEVERITIES[alert_routing.SEVERITIES.index(severity) :]
    assert told == [f'severity="{one}"' for one in reversed(above)]


def test_two_lifecycles_share_one_configuration() -> None:
    files = everything(predictors=["flights=a:1", "flights=b:1", "digits=c:2"])
    scraped = yaml.safe_load(files["plain/prometheus.yaml"])
    assert scraped["rule_files"] == ["rules/digits.rules.yaml", "rules/flights.rules.yaml"]
    predictors, trigger, _itself = scraped["scrape_configs"]
    assert predictors["static_configs"] == [
        {"targets": ["c:2"], "labels": {"model": "digits"}},
        {"targets": ["a:1", "b:1"], "labels": {"model": "flights"}},
    ]
    assert trigger["static_configs"] == [{"targets": ["trigger.example.org:443"]}]
    assert trigger["scheme"] == "https"
    told = yaml.safe_load(files["plain/alertmanager.yaml"])
    matchers = [one["matchers"] for one in told["route"]["routes"]]
    assert matchers == [['model="digits"'], ['model="flights"']]


def test_scraping_is_as_fast_as_the_fastest_wants_and_retention_fits_the_longest() -> None:
    slow = lifecycle("slow", monitor={"scrape": "1m", "window": "14d", "long_window": "60d"})
    fast = lifecycle("fast", monitor={"scrape": "1.5s"})
    files = rendered(slow, fast)
    job = yaml.safe_load(files["plain/prometheus.yaml"])["scrape_configs"][0]
    assert (job["scrape_interval"], job["scrape_timeout"]) == ("1500ms", "1500ms")
    assert "--storage.tsdb.retention.time=75d" in files["README.md"].decode()
    monitor = by_kind(files, "PodMonitor")["slow-predictor"]["spec"]["podMetricsEndpoints"][0]
    assert (monitor["interval"], monitor["scrapeTimeout"]) == ("1m", "10s")


def test_no_scraping_is_refused() -> None:
    with pytest.raises(SpecError, match=r"spec\.monitor\.scrape"):
        rendered(lifecycle(monitor={"scrape": "0s"}))


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match="name their lifecycle flights"):
        render([lifecycle(), lifecycle()], options=RenderOptions())


def test_addresses_make_links_whole() -> None:
    files = everything(docs_url="https://docs.example.org/", grafana_url="https://g.example.org/x")
    rules = yaml.safe_load(files["plain/rules/flights.rules.yaml"])
    notes = [r["annotations"] for g in rules["groups"] for r in g["rules"] if "alert" in r]
    assert notes
    for one in notes:
        assert one["runbook_url"].startswith("https://docs.example.org/alerts.md#")
        assert one["dashboard"].startswith("https://g.example.org/x/d/")


def test_what_kubernetes_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_objects, "CONFIG_MAP_BYTES", 1000)
    with pytest.raises(MdlcError, match=r"the dashboard .* bytes; Kubernetes holds"):
        rendered(lifecycle())
    monkeypatch.setattr(operator_objects, "RULES_BYTES", 1000)
    with pytest.raises(MdlcError, match="the rules of flights: "):
        rendered(lifecycle())
    assert rendered(lifecycle(), target="plain")


def test_writing_leaves_what_it_did_not_write(tmp_path: Path) -> None:
    options = check_options(["digits"])
    first = write([lifecycle("digits")], options=options, out=tmp_path)
    assert sorted(first.files) == first.files
    assert not first.left
    (tmp_path / "plain" / "mine.txt").write_text("mine")
    second = write([lifecycle()], options=check_options(["flights"]), out=tmp_path)
    assert (tmp_path / "plain" / "mine.txt").read_text() == "mine"
    assert second.left == ["plain/rules/digits.rules.yaml"]
    assert (tmp_path / "plain/rules/digits.rules.yaml").is_file()
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="option --out: cannot write") as caught:
        write([lifecycle()], options=RenderOptions(), out=tmp_path / "file")
    assert "--home" not in str(caught.value)


def test_an_error_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_objects, "RULES_BYTES", 1000)
    with pytest.raises(MdlcError):
        render_monitoring.write([lifecycle()], options=RenderOptions(), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_longest_name_gives_safe_names() -> None:
    name = "a" * 53
    for one in objects(rendered(lifecycle(name, notify=EVERYONE))):
        kubernetes.check(one)
