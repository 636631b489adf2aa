"""An option that breaks a rule is named, with the rule; a right one is kept as it is."""

from __future__ import annotations

from typing import Any

import pytest

from mdlc.core.errors import UsageError
from mdlc.monitoring.render.render_options import check_options, dns_name

REMOTE = "https://trigger.example.org"


@pytest.mark.parametrize(
    ("options", "named", "why"),
    [
        ({"target": "helm"}, "--target", "none of plain, operator, all"),
        ({"namespace": "My Models"}, "--namespace", "no name of a Kubernetes namespace"),
        ({"namespace": "-x"}, "--namespace", "no name"),
        ({"alertmanager": "http://am:9093"}, "--alertmanager", "is not HOST:PORT"),
        ({"alertmanager": "am:99999"}, "--alertmanager", "is not HOST:PORT"),
        ({"alertmanager": "am"}, "--alertmanager", "is not HOST:PORT"),
        ({"trigger_url": "localhost:8090"}, "--trigger-url", "is not http"),
        ({"trigger_url": "http://localhost:8090/v1/alerts"}, "--trigger-url", "has a path"),
        ({"trigger_url": "http://localhost:http"}, "--trigger-url", "is not an address"),
        ({"trigger_url": "http://u:p@localhost:8090"}, "--trigger-url", "a name or password"),
        ({"trigger_url": "http://localhost?token=x"}, "--trigger-url", "just an address"),
        ({"trigger_url": REMOTE}, "--trigger-token-file", "wants a token"),
        ({"trigger_token_file": "/t"}, "--trigger-token-file", "there is no --trigger-url"),
        ({"trigger_url": REMOTE, "trigger_token_file": " "}, "--trigger-token-file", "no path"),
        ({"predictors": ["host"]}, "--predictor", "is not HOST:PORT"),
        ({"predictors": ["flihgts=host:1"]}, "--predictor", "did you mean flights?"),
        ({"grafana_folder": " "}, "--grafana-folder", "1 to 100"),
        ({"grafana_url": "grafana"}, "--grafana-url", "is not http"),
        ({"docs_url": "ftp://x"}, "--docs-url", "is not http"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], named: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_options(["flights"], **options)
    assert str(caught.value).startswith(f"option {named}: ")
    assert why in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        check_options(["flights"], trigger_url="http://mdlc:hunter2@trigger:8090")
    assert "hunter2" not in str(caught.value)


def test_predictors_belong_to_a_lifecycle() -> None:
    one = check_options(["flights"], predictors=["b:2", "a:1", "b:2", "[::1]:3"])
    assert one.predictors == {"flights": ["[::1]:3", "a:1", "b:2"]}
    two = check_options(["flights", "digits"], predictors=["digits=b:2", "flights=a:1"])
    assert two.predictors == {"digits": ["b:2"], "flights": ["a:1"]}
    with pytest.raises(UsageError, match="write NAME=HOST:PORT"):
        check_options(["flights", "digits"], predictors=["a:1"])


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:8090/", "localhost:8090"),
        ("https://127.0.0.1", "127.0.0.1:443"),
        ("http://[::1]:8090", "[::1]:8090"),
        ("http://localhost", "localhost:80"),
    ],
)
def test_on_this_machine_no_token_is_needed(url: str, address: str) -> None:
    assert check_options(["flights"], trigger_url=url).trigger_address == address


@pytest.mark.parametrize(
    "parts", [("a" * 53, "predictor" * 4), ("Ä_ö",), ("..",), ("x", "Model_Quality", "dashboard")]
)
def test_names_are_safe_for_dns_and_tell_apart(parts: tuple[str, ...]) -> None:
    name = dns_name(*parts)
    assert 0 < len(name) <= 63
    assert name.strip("-") == name
    assert all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in name)
    assert dns_name("a" * 70, "x") != dns_name("a" * 70, "y")
