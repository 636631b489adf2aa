"""The part of the Prometheus operator's types that mdlc writes: an unknown field is an error.

Field names and patterns are those of its CustomResourceDefinitions (monitoring.coreos.com, v1 and
v1alpha1), which are too large to keep here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Duration = Annotated[
    str,
    StringConstraints(
        min_length=1,
        pattern=r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?"
        r"(([0-9]+)ms)?)$",
    ),
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
LabelName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
LabelValue = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63)
]
Text = Annotated[str, StringConstraints(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Strict):
    name: Name
    namespace: Name
    labels: dict[str, LabelValue]
    annotations: dict[str, str] = {}


class Matcher(Strict):
    name: Text
    matchType: Literal["=", "!=", "=~", "!~"]  # noqa: N815
    value: str


class SecretKey(Strict):
    name: Name
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$")]


class Authorization(Strict):
    type: Literal["Bearer"]
    credentials: SecretKey


class HttpConfig(Strict):
    authorization: Authorization


class Webhook(Strict):
    url: Annotated[str, StringConstraints(pattern=r"^https?://.+$")]
    sendResolved: bool  # noqa: N815
    httpConfig: HttpConfig | None = None  # noqa: N815


class Header(Strict):
    key: Text
    value: str


class Email(Strict):
    to: str
    from_: str = Field(alias="from")
    smarthost: str
    authUsername: str | None = None  # noqa: N815
    authPassword: SecretKey | None = None  # noqa: N815
    requireTLS: bool  # noqa: N815
    headers: list[Header]
    text: str
    html: str
    sendResolved: bool  # noqa: N815


class Slack(Strict):
    apiURL: SecretKey  # noqa: N815
    channel: Text
    color: Text
    title: Text
    titleLink: Text  # noqa: N815
    fallback: Text
    text: Text
    mrkdwnIn: list[str]  # noqa: N815
    sendResolved: bool  # noqa: N815


class Receiver(Strict):
    name: Text
    webhookConfigs: list[Webhook] = []  # noqa: N815
    emailConfigs: list[Email] = []  # noqa: N815
    slackConfigs: list[Slack] = []  # noqa: N815


class Route(Strict):
    receiver: str
    matchers: list[Matcher]
    groupBy: list[str]  # noqa: N815
    groupWait: Duration | None = None  # noqa: N815
    groupInterval: Duration | None = None  # noqa: N815
    repeatInterval: Duration  # noqa: N815
    continue_: bool = Field(default=False, alias="continue")
    routes: list[Route] = []


class Inhibit(Strict):
    sourceMatch: list[Matcher]  # noqa: N815
    targetMatch: list[Matcher]  # noqa: N815
    equal: list[str]


class AlertmanagerSpec(Strict):
    route: Route
    receivers: list[Receiver]
    inhibitRules: list[Inhibit]  # noqa: N815

    @model_validator(mode="after")
    def _receivers_exist(self) -> AlertmanagerSpec:
        names = {receiver.name for receiver in self.receivers}
        used = {self.route.receiver, *(route.receiver for route in self.route.routes)}
        assert used <= names, f"unknown receivers {used - names}"
        return self


class AlertmanagerConfig(Strict):
    apiVersion: Literal["monitoring.coreos.com/v1alpha1"]  # noqa: N815
    kind: Literal["AlertmanagerConfig"]
    metadata: Metadata
    spec: AlertmanagerSpec


class Rule(Strict):
    record: str | None = None
    alert: str | None = None
    expr: Text
    for_: Duration | None = Field(None, alias="for")
    keep_firing_for: Duration | None = None
    labels: dict[LabelName, str] = {}
    annotations: dict[LabelName, str] = {}

    @model_validator(mode="after")
    def _one_of_both(self) -> Rule:
        assert (self.record is None) != (self.alert is None)
        return self


class Group(Strict):
    name: Text
    interval: Duration | None = None
    rules: list[Rule]


class RuleSpec(Strict):
    groups: list[Group]


class PrometheusRule(Strict):
    apiVersion: Literal["monitoring.coreos.com/v1"]  # noqa: N815
    kind: Literal["PrometheusRule"]
    metadata: Metadata
    spec: RuleSpec


class Relabeling(Strict):
    sourceLabels: list[LabelName] = []  # noqa: N815
    targetLabel: LabelName | None = None  # noqa: N815
    regex: str | None = None
    replacement: str | None = None
    action: Literal["keep", "replace", "drop"] | None = None


class Endpoint(Strict):
    path: str
    interval: Duration
    scrapeTimeout: Duration  # noqa: N815
    honorLabels: bool  # noqa: N815
    relabelings: list[Relabeling]


class Selector(Strict):
    matchLabels: dict[str, LabelValue]  # noqa: N815


class PodMonitorSpec(Strict):
    selector: Selector
    podMetricsEndpoints: list[Endpoint]  # noqa: N815


class PodMonitor(Strict):
    apiVersion: Literal["monitoring.coreos.com/v1"]  # noqa: N815
    kind: Literal["PodMonitor"]
    metadata: Metadata
    spec: PodMonitorSpec


class ConfigMap(Strict):
    apiVersion: Literal["v1"]  # noqa: N815
    kind: Literal["ConfigMap"]
    metadata: Metadata
    data: dict[Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$")], str]


KINDS: dict[str, type[Strict]] = {
    kind.__name__: kind for kind in (AlertmanagerConfig, PrometheusRule, PodMonitor, ConfigMap)
}


def check(content: dict[str, Any]) -> Strict:
    """Check an object; an unknown field or a wrong value is an error."""
    return KINDS[content["kind"]].model_validate(content)
