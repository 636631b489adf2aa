"""The AlertmanagerConfig of a lifecycle, with secrets by name and key.

A namespaced AlertmanagerConfig cannot have a file of templates, so each text contains the
definitions that it uses.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.monitor import Email, Slack, Webhook
from mdlc.monitoring.render import alert_routing, message_templates
from mdlc.monitoring.render.render_options import RenderOptions, dns_name

NOBODY, TRIGGER, PEOPLE = "nobody", "trigger", "people"


def config(
    lifecycle: Lifecycle, *, metadata: dict[str, Any], options: RenderOptions
) -> dict[str, Any]:
    """Return the AlertmanagerConfig."""
    triggered = options.trigger_url is not None
    route: dict[str, Any] = {
        "receiver": NOBODY,
        "matchers": [_matcher(alert_routing.Matcher("model", lifecycle.name))],
        "groupBy": alert_routing.GROUP_BY,
        "groupWait": alert_routing.GROUP_WAIT,
        "groupInterval": alert_routing.GROUP_INTERVAL,
        "repeatInterval": alert_routing.REPEAT["warning"],
        "routes": [
            {
                "receiver": way.to,
                "matchers": [_matcher(matcher) for matcher in way.matchers],
                "groupBy": list(way.group_by),
                "repeatInterval": way.repeat,
                **({"continue": True} if way.go_on else {}),
            }
            for way in alert_routing.branches(lifecycle, trigger=triggered)
        ],
    }
    receivers: list[dict[str, Any]] = [{"name": NOBODY}]
    secrets = secret_keys(lifecycle, options=options)
    refer = _Secrets(secret_name(lifecycle), keys=secrets)
    if options.trigger_url is not None:
        url = f"{options.trigger_url}{alert_routing.TRIGGER_PATH}"
        receivers.append(
            {"name": TRIGGER, "webhookConfigs": [refer.hook(url, options.trigger_token_file)]}
        )
    if alert_routing.people(lifecycle):
        receivers.append(_people(lifecycle, refer=refer, triggered=triggered))
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": metadata,
        "spec": {
            "route": route,
            "receivers": receivers,
            "inhibitRules": [
                {
                    "sourceMatch": [_matcher(matcher) for matcher in rule.source],
                    "targetMatch": [_matcher(matcher) for matcher in rule.target],
                    "equal": list(rule.equal),
                }
                for rule in alert_routing.INHIBITIONS
            ],
        },
    }


def secret_name(lifecycle: Lifecycle) -> str:
    """Return the name of the Secret with all secrets that a lifecycle's receivers need."""
    return dns_name(lifecycle.name, "notify")


def secret_keys(lifecycle: Lifecycle, *, options: RenderOptions) -> dict[str, str]:
    """Return file -> key in the Secret, for each secret file that the receivers name.

    The key is the file's name; if two files have the same name, the second gets a number appended.
    """
    notify = lifecycle.spec.monitor.notify
    files = [
        options.trigger_token_file if options.trigger_url is not None else None,
        *(one.password_file for one in notify.email),
        *(one.url_file for one in notify.slack),
        *(one.token_file for one in notify.webhook),
    ]
    found: dict[str, str] = {}
    for file in (file for file in files if file is not None):
        if file in found:
            continue
        base = key = dns_name(PurePosixPath(file).name)
        number = 2
        while key in found.values():
            key, number = f"{base}-{number}", number + 1
        found[file] = key
    return found


class _Secrets:
    """Builds references to the keys of one Secret."""

    def __init__(self, name: str, *, keys: dict[str, str]) -> None:
        self._name = name
        self._keys = keys

    def of(self, file: str) -> dict[str, str]:
        return {"name": self._name, "key": self._keys[file]}

    def hook(self, url: str, token_file: str | None) -> dict[str, Any]:
        made: dict[str, Any] = {"url": url, "sendResolved": True}
        if token_file is not None:
            bearer = {"type": "Bearer", "credentials": self.of(token_file)}
            made["httpConfig"] = {"authorization": bearer}
        return made


def _people(lifecycle: Lifecycle, *, refer: _Secrets, triggered: bool) -> dict[str, Any]:
    notify = lifecycle.spec.monitor.notify
    kinds = {
        "emailConfigs": [_email(one, refer=refer, triggered=triggered) for one in notify.email],
        "slackConfigs": [_slack(one, refer=refer, triggered=triggered) for one in notify.slack],
        "webhookConfigs": [_webhook(one, refer=refer) for one in notify.webhook],
    }
    return {"name": PEOPLE, **{kind: some for kind, some in kinds.items() if some}}


def _email(email: Email, *, refer: _Secrets, triggered: bool) -> dict[str, Any]:
    account: dict[str, Any] = {}
    if email.username is not None:
        account["authUsername"] = email.username
    if email.password_file is not None:
        account["authPassword"] = refer.of(email.password_file)
    subject = message_templates.standalone(message_templates.SUBJECT, trigger=triggered)
    return {
        "to": ", ".join(email.to),
        "from": email.sender,
        "smarthost": email.smarthost,
        **account,
        "requireTLS": email.require_tls,
        "headers": [{"key": "Subject", "value": subject}],
        "text": message_templates.standalone(message_templates.TEXT, trigger=triggered),
        "html": message_templates.standalone(message_templates.HTML, trigger=triggered),
        "sendResolved": True,
    }


def _slack(slack: Slack, *, refer: _Secrets, triggered: bool) -> dict[str, Any]:
    title = message_templates.standalone(message_templates.SLACK_TITLE, trigger=triggered)
    return {
        "apiURL": refer.of(slack.url_file),
        "channel": slack.channel,
        "color": message_templates.standalone(message_templates.SLACK_COLOR, trigger=triggered),
        "title": title,
        "titleLink": message_templates.standalone(message_templates.SLACK_LINK, trigger=triggered),
        "fallback": title,
        "text": message_templates.standalone(message_templates.SLACK_TEXT, trigger=triggered),
        "mrkdwnIn": ["text"],
        "sendResolved": True,
    }


def _webhook(webhook: Webhook, *, refer: _Secrets) -> dict[str, Any]:
    return refer.hook(webhook.url, webhook.token_file)


def _matcher(matcher: alert_routing.Matcher) -> dict[str, str]:
    return {"name": matcher.name, "matchType": matcher.kind, "value": matcher.value}
